"""German."""

import re

from understudy.core.replies.languages.language import Language, Measures, in_both_cases, words
from understudy.core.replies.lazy_pattern import LazyPattern

_NUMBERS = {
    "ein": 1, "eine": 1, "einem": 1, "einen": 1, "einer": 1, "zwei": 2, "drei": 3, "vier": 4, "fünf": 5, "sechs": 6,
    "sieben": 7, "acht": 8, "neun": 9, "zehn": 10, "zwölf": 12, "zwanzig": 20, "fünfzig": 50, "hundert": 100,
}  # fmt: skip
_SEVERAL = r"\d{1,4}|" + "|".join(word for word, value in _NUMBERS.items() if value > 1)

MEASURES = Measures(
    numbers=_NUMBERS,
    words=r"Wort(?:e|en)?|Wörter(?:n)?",
    characters=r"Zeichen|Buchstaben",
    sentences=r"Satz|Sätzen?",
    paragraphs=r"Absatz|Absätzen?",
    bullets=r"Stichpunkt(?:e|en)?|Aufzählungspunkt(?:e|en)?|Punkte?n?|Stichworte?n?",
    lines=r"Zeilen?",
    at_most=r"höchstens|maximal|bis zu|nicht mehr als|weniger als|unter|max\.?",
    at_least=r"mindestens|wenigstens|mehr als|über",
    exactly=r"genau|exakt",
    about=r"etwa|ungefähr|rund|circa|ca\.|nur",
    between=r"\s*(?:-|–|bis|und|oder)\s*",
    at_most_after=r"oder weniger|maximal|höchstens",
    at_least_after=r"oder mehr|mindestens",
    listing=r"\b(?:nenne?|gib|liste|zähle?|schlage?|schreibe?|zeige?|mach|erstelle?)\b(?:\s+(?:mir|uns|bitte|auf|"
    r"die|eine|"
    rf"Liste|von|mit))*\s+(?P<number>{_SEVERAL})\s+[a-zäöü]",
    some_bullets=r"\b(?:in|als|mit) (?:Stichpunkten|Stichworten|Aufzählung|Liste)\b|\beine Liste (?:von|mit)\b",
    forms={
        r"\bhaikus?\b": 3,
        r"\blimericks?\b": 5,
        r"\bsonett\b": 14,
        r"\b(?:schreibe?|dichte|verfasse?)\b[^.!?\n]{0,40}?\bgedicht": 8,
    },
    brief=r"\b(?:kurz und knapp|ganz kurz|fasse? dich kurz|in kürze|kurze antwort)\b",
    detailed=r"\b(?:ausführlich(?:e|er|es|en)?|im detail|detailliert(?:e|er|es|en)?|aufsatz)\b",
)

GERMAN = Language(
    code="de",
    name="German",
    asked_for=r"auf deutsch|en alemán|en allemand|in tedesco|em alemão|по-немецки|ドイツ語で|用德语|독일어로",
    marks=words(
        "der die das den dem des ein eine einen einem einer ist sind war und oder nicht kein keine wie was warum wer "
        "wo wann welche welcher welches ich du er sie es wir ihr mir mich dir mit für auf von zu zum zur im aus bei "
        "über nach auch bitte hallo danke guten tag morgen kannst können gibt gib habe hast hat erkläre schreibe "
        "schreib nenne sag sage antworte wörter wörtern satz sätzen sätze moin servus zwei drei vier fünf in was an "
        "will"
    ),
    stop_words=in_both_cases(
        words(
            "aber alle als also am an antworte auch auf aus bei beim bin bis bist bitte da damit danke dann das dass "
            "dein deine dem den denn der des dich die dies diese diesem diesen dieser dieses dir doch du durch ein "
            "eine einem einen einer eines er erkläre erklär erzähl erzähle es etwas für gedicht genau gib gibt gut "
            "guten haiku hab habe haben hallo hast hat hi ich ihm ihn ihr ihre im in ist ja kann kannst kein keine "
            "können könnte könntest kurz liste mach mal man maximal mehr mein meine mich mir mit morgen möchte muss "
            "nach nenn nenne nicht noch nun nur ob oder sag sage satz sätze sätzen schreib schreibe sehr sein sich sie "
            "sind so soll stichpunkte stichpunkten tag über um und uns unser unter vier viel vom von vor wann war "
            "warum was welche welchen welcher welches wenn wer werden wie will wir wird wo wort wörter wörtern worten "
            "wofür wozu würde zehn zeig zu zum zur zwei drei fünf zwischen"
        )
    ),
    openings=(
        "Hier ist eine Beispielantwort zu „{topic}“.",
        "Es geht um „{topic}“, und dies ist eine Beispielantwort.",
        "Danke für die Nachricht zu „{topic}“; hier folgt eine Beispielantwort.",
        "Zu „{topic}“ gibt diese Beispielantwort die kurze Fassung.",
        "Dies ist eine Beispielantwort auf die Nachricht zu „{topic}“.",
    ),
    affirmations=(
        "Ja, jedenfalls in dieser Beispielantwort zu „{topic}“.",
        "Ja, wobei dies nur eine Beispielantwort zu „{topic}“ ist.",
    ),
    denials=(
        "Nein, jedenfalls nicht in dieser Beispielantwort zu „{topic}“.",
        "Nein, wobei dies nur eine Beispielantwort zu „{topic}“ ist.",
    ),
    findings=(
        "Das Ergebnis lautet: {topic}.",
        "Das kam zurück: {topic}.",
        "Die Abfrage hat Folgendes ergeben: {topic}.",
    ),
    offers=("Wie kann ich Ihnen helfen?", "Worüber möchten Sie sprechen?", "Was kann ich für Sie tun?"),
    nothing="Ihre Nachricht",
    bodies=(
        "Meist hilft es, mit dem einfachsten Teil zu beginnen und Einzelheiten nur dort zu ergänzen, wo sie nötig "
        "sind.",
        "Es gibt mehr als einen Weg, und jeder hat seine Stärken.",
        "Wenn Sie mehr über Ihre Lage sagen, kann die Antwort genauer werden.",
        "Ein guter erster Schritt ist es, das Bekannte aufzuschreiben.",
        "Die Einzelheiten hängen von den Umständen ab, daher ist dies nur ein Anfang.",
        "Man kann es auch Schritt für Schritt erzählen.",
        "Kleine Beispiele sind leichter zu verstehen als lange Erklärungen.",
        "Es lohnt sich, das Ergebnis einmal zu prüfen, bevor man sich darauf verlässt.",
        "Oft liegt die meiste Arbeit darin, die richtige Frage zu stellen.",
        "Nichts davon ist eine Tatsache; die Worte zeigen nur, wie eine Antwort aussehen könnte.",
        "Derselbe Gedanke lässt sich auf verschiedene Weise ausdrücken.",
    ),
    leads=("Kurz gesagt: ", "Anders gesagt: ", "In der Regel gilt: ", "Zum Einstieg: ", "Im Ganzen gilt: "),
    closings=(
        "Fragen Sie gern weiter.",
        "Sagen Sie Bescheid, wenn es weitergehen soll.",
        "Auf Wunsch geht es auch kürzer.",
    ),
    yes="Ja",
    no="Nein",
    hello="Hallo",
    greetings=(
        "Hallo! Wie kann ich Ihnen helfen?",
        "Guten Tag! Was kann ich für Sie tun?",
        "Hallo! Worum geht es heute?",
        "Hallo, schön, von Ihnen zu hören! Womit fangen wir an?",
    ),
    items=(
        "Beispielpunkt {number} zu „{topic}“",
        "Beispielidee {number} zu „{topic}“",
        "Beispielgedanke {number} zu „{topic}“",
    ),
    verses=(
        "leise fallen Worte hin,",
        "sanft wie früher Regen,",
        "eine Zeile wächst heran,",
        "still und ohne Eile,",
        "Licht zieht langsam übers Blatt,",
        "klein und klar und ruhig,",
        "und der Tag geht weiter,",
    ),
    endings=(
        "Fertig.",
        "Vielen Dank.",
        "Das ist alles.",
        "Mehr folgt später gern.",
        "Fragen Sie gern noch einmal.",
        "Das soll für heute einmal genügen.",
        "Der Rest kann folgen, wann Sie möchten.",
    ),
    code_intros=("Hier ist ein kurzes Beispiel zu „{topic}“:", "So könnte ein Beispiel zu „{topic}“ aussehen:"),
    greeting=LazyPattern(
        r"\s*(?:hallo|hi|hey|moin|servus|grüezi|grüß (?:gott|dich)|guten (?:tag|morgen|"
        r"abend))(?:[ ,]+[^\W\d]+){0,2}[\s!.,]*(?:wie geht(?:'s| es)(?: dir| ihnen)?[\s?!.]*)?\Z"
    ),
    question=LazyPattern(
        r"(?:\A|[.!?:;\n,]\s+)(?:ist|sind|war|waren|bin|bist|kann|kannst|könnte|können|darf|soll|sollte|muss|wird|"
        r"werden|würde|hat|hast|haben|habe|gibt|gab|stimmt|geht|weißt|magst|willst)\s+[^.!?\n]{1,400}\?"
    ),
    code_request=LazyPattern(
        r"\b(?:schreibe?|erstelle?|programmiere?|implementiere?|zeige?|gib|mach)\b[^.?!\n]{0,60}(?:code|funktion|"
        r"skript|programm\b|klasse|abfrage|algorithmus|methode)"
    ),
    echo=LazyPattern(
        r"(?:\A|[.!?:;\n]\s*)(?:bitte\s+)?(?:(?:sage?|sprich)(?:en sie)?(?:\s+(?:mir nach|bitte|nur|einfach|genau|"
        r"das wort))*|antworte(?:n sie)?(?:\s+(?:bitte|nur|einfach|genau))*\s+mit(?:\s+(?:dem wort|genau))?|"
        r"wiederhole?(?:n sie)?(?:\s+(?:bitte|genau))*(?=\s*[:\"„“'»«]))\s*(?P<colon>:)?\s*(?P<said>\S.*)",
        re.IGNORECASE | re.DOTALL,
    ),
    not_said=words(
        "mir uns etwas was wie warum ob dass ihm ihr ihnen der die das ein eine einem einer einen nichts doch ja, "
        "nein, mal bescheid es in auf zwei drei vier fünf deiner deinem höchstens maximal genau nur"
    ),
    measures=MEASURES,
)
