"""French."""

import re

from understudy.core.replies.languages.language import Language, Measures, in_both_cases, words
from understudy.core.replies.lazy_pattern import LazyPattern

_NUMBERS = {
    "un": 1, "une": 1, "une seule": 1, "un seul": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7,
    "huit": 8, "neuf": 9, "dix": 10, "douze": 12, "vingt": 20, "cinquante": 50, "cent": 100,
}  # fmt: skip
_SEVERAL = r"\d{1,4}|" + "|".join(word for word, value in _NUMBERS.items() if value > 1)

MEASURES = Measures(
    numbers=_NUMBERS,
    words=r"mots?",
    characters=r"caractères?|lettres",
    sentences=r"phrases?",
    paragraphs=r"paragraphes?",
    bullets=r"puces?|points(?: clés)?",
    lines=r"lignes?|vers",
    at_most=r"jusqu['’]à|au plus|au maximum|maximum|pas plus de|moins de|un maximum de|max\.?",
    at_least=r"au moins|au minimum|minimum|plus de",
    exactly=r"exactement|précisément",
    about=r"environ|à peu près|seulement",
    between=r"\s*(?:-|–|à|et|ou)\s*",
    at_most_after=r"ou moins|au plus|au maximum|maximum|max\b",
    at_least_after=r"ou plus|au moins|minimum",
    listing=r"\b(?:donne|donnez|liste|listez|cite|citez|nomme|propose|proposez|écris|écrivez|montre|fais|énumère)\b"
    rf"(?:[\s-]+(?:moi|nous|une|la|liste|de|les))*\s+(?P<number>{_SEVERAL})\s+[a-zàâçéèêëîïôûù]"
    rf"|\bliste de (?P<number_of>{_SEVERAL})\s+[a-zàâçéèêëîïôûù]",
    some_bullets=r"\b(?:sous forme de|en|avec des|comme) (?:puces|liste|une liste|points)\b|\bune liste d[e']",
    forms={
        r"\bha[iï]kus?\b": 3,
        r"\bsonnet\b": 14,
        r"\b(?:écris|écrivez|compose|rédige|crée)[^.!?\n]{0,40}?\bpoème\b": 8,
    },
    brief=r"\b(?:brièvement|en bref|sois bref|soyez bref|réponse (?:courte|brève)|court et simple)\b",
    detailed=r"\b(?:en détail|détaillée?s?|de façon approfondie|longuement|dissertation)\b",
)

FRENCH = Language(
    code="fr",
    name="French",
    asked_for=r"en français|auf französisch|en francés|in francese|em francês|по-французски|フランス語で|用法语|"
    r"프랑스어로",
    marks=words(
        "le la les un une des du de est sont était que qui quoi comment pourquoi combien avec pour dans sur pas ne "
        "plus vous je tu il elle nous on bonjour bonsoir salut coucou merci quel quelle quels quelles où et ou ce "
        "cette ces mon ma mes ton ta tes votre vos au aux en qu quand aussi très peux pouvez peut fais fait dis donne "
        "écris écrivez explique expliquez réponds mots phrase phrases moi toi suis êtes cela ça a me on deux trois"
    ),
    stop_words=in_both_cases(
        words(
            "à ai alors as au aucun aussi autre aux avec avoir bien bon bonjour bonsoir ce cela ces cet cette ceux "
            "chaque cinq comme comment combien coucou d'un d'une dans de des deux dire dis dites donc donne donne-moi "
            "donnez donnez-moi du écris écrivez elle elles en entre es est est-ce et être exactement explique "
            "explique-moi expliquez fais faire fait faut haïku ici il ils j'ai j'aimerais je jusqu'à l la le les leur "
            "leurs liste lui ma mais me merci mes moi mon mot mots ne nous on ont ou où paragraphe paragraphes par "
            "parle parle-moi parlez pas peu peut peux phrase phrases plus poème point points pour pourquoi pouvez "
            "puces qu'est-ce qu'il quand que quel quelle quelles quels qui quoi raconte réponds répondez résume "
            "résumez s'il sa salut sans se ses si son sont suis sur ta te tes toi ton tous tout toute très trois tu un "
            "une va vais veux voici voilà vos votre voudrais vous y c'est n'est maximum moins plaît plait fonction code"
        )
    ),
    openings=(
        "Voici une réponse type sur “{topic}”.",
        "Vous parlez de “{topic}”, et voici une réponse type.",
        "Merci pour votre message sur “{topic}” ; voici une réponse type.",
        "Sur “{topic}”, cette réponse type donne la version courte.",
        "Regardons “{topic}” avec une réponse type.",
    ),
    affirmations=(
        "Oui, du moins dans cette réponse type sur “{topic}”.",
        "Oui, mais ceci reste une simple réponse type sur “{topic}”.",
    ),
    denials=(
        "Non, du moins dans cette réponse type sur “{topic}”.",
        "Non, mais ceci reste une simple réponse type sur “{topic}”.",
    ),
    findings=(
        "Voici le résultat : {topic}.",
        "La recherche a donné ceci : {topic}.",
        "Voici ce qui est revenu : {topic}.",
    ),
    offers=("Comment puis-je vous aider ?", "De quoi souhaitez-vous parler ?", "Que puis-je faire pour vous ?"),
    nothing="votre message",
    bodies=(
        "Le mieux est souvent de commencer par le plus simple et de préciser seulement là où il le faut.",
        "Il y a plus d’une façon de voir les choses, et chacune a ses atouts.",
        "Si vous en dites plus sur votre situation, la réponse pourra être plus précise.",
        "Une bonne première étape est de noter ce que vous savez déjà.",
        "Les détails dépendent des circonstances, et ceci reste un point de départ.",
        "On peut aussi tout raconter pas à pas.",
        "De petits exemples se suivent mieux que de longues explications.",
        "Mieux vaut vérifier une fois le résultat avant de s’y fier.",
        "Le plus gros du travail est de poser la bonne question.",
        "Rien de tout cela ne constitue un fait ; les mots montrent seulement la forme que prendrait une réponse.",
        "La même idée peut se dire de plusieurs façons.",
    ),
    leads=("En bref, ", "En général, ", "Pour commencer, ", "Autrement dit, ", "Dans ce cas, "),
    closings=(
        "Vous pouvez demander plus de détails.",
        "Dites-moi si vous voulez continuer.",
        "Voulez-vous aller plus loin ?",
    ),
    yes="Oui",
    no="Non",
    hello="Bonjour",
    greetings=(
        "Bonjour ! Comment puis-je vous aider ?",
        "Bonjour ! Que puis-je faire pour vous ?",
        "Bonjour ! De quoi souhaitez-vous parler aujourd’hui ?",
        "Bonjour, ravi de vous lire ! Par où commençons-nous ?",
    ),
    items=("Point type {number} sur “{topic}”", "Idée type {number} pour “{topic}”", "Exemple {number} pour “{topic}”"),
    verses=(
        "des mots calmes se posent,",
        "doux comme la pluie du matin,",
        "une ligne encore commence,",
        "patiente comme la lune,",
        "la lumière glisse sur la page,",
        "petite, claire et tranquille,",
        "et le jour continue,",
    ),
    endings=(
        "Voilà.",
        "Merci beaucoup.",
        "Voilà pour ceci.",
        "La suite viendra après.",
        "Vous pouvez demander la suite.",
        "Cela suffit pour cette première fois.",
        "Le reste peut suivre quand vous voulez.",
    ),
    code_intros=("Voici un court exemple pour “{topic}” :", "Un exemple pour “{topic}” pourrait être :"),
    greeting=LazyPattern(
        r"\s*(?:bonjour|bonsoir|salut|coucou|hello)(?:[ ,]+[^\W\d]+){0,2}[\s!.,]*(?:(?:comment (?:ça va|vas-tu|"
        r"allez-vous)|ça va)[\s?!.]*)?\Z"
    ),
    question=LazyPattern(
        r"\best-ce qu(?!['’]est)[^.!?\n]{1,400}\?|(?:\A|[.!?:;\n,]\s+)(?:es|est|sont|as|a|avez|ont|peux|peut|pouvez|"
        r"puis|dois|doit|devez|sais|savez|veux|voulez|faut|était)-(?:t-)?(?:tu|il|elle|on|vous|nous|ils|elles|je|"
        r"ce)\b[^.!?\n]{1,400}\?|(?:\A|[.!?:;\n]\s+)(?:y a-t-il|c['’]est|il y a|tu|vous)\s[^.!?\n]{1,400}\?"
    ),
    code_request=LazyPattern(
        r"\b(?:écris|écrivez|crée|créez|génère|implémente|donne|montre|programme|fais)\b[^.?!\n]{0,60}\b(?:code|"
        r"fonction|script|programme|classe|requête|algorithme|méthode)\b"
    ),
    echo=LazyPattern(
        r"(?:\A|[.!?:;\n]\s*)(?:s['’]il (?:te|vous) pla[iî]t,?\s+)?(?:(?:dis|dites)(?:[\s-]+(?:seulement|simplement|"
        r"juste|exactement|le mot))*|(?:réponds|répondez)(?:\s+(?:seulement|simplement|juste|uniquement))*\s+(?:par|"
        r"avec)(?:\s+le mot)?|(?:répète|répétez)(?:\s+(?:après moi|"
        r"exactement))*(?=\s*[:\"“'«]))\s*(?P<colon>:)?\s*(?P<said>\S.*)",
        re.IGNORECASE | re.DOTALL,
    ),
    not_said=words(
        "moi -moi nous lui quelque que quoi comment pourquoi si un une le la les l' ce en deux trois quatre cinq ton "
        "ta votre rien pas plus au"
    ),
    measures=MEASURES,
)
