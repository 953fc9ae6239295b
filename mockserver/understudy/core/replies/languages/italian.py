"""Italian."""

import re

from understudy.core.replies.languages.language import Language, Measures, in_both_cases, words
from understudy.core.replies.lazy_pattern import LazyPattern

_NUMBERS = {
    "un": 1, "una": 1, "uno": 1, "una sola": 1, "un solo": 1, "due": 2, "tre": 3, "quattro": 4, "cinque": 5, "sei": 6,
    "sette": 7, "otto": 8, "nove": 9, "dieci": 10, "dodici": 12, "venti": 20, "cinquanta": 50, "cento": 100,
}  # fmt: skip
_SEVERAL = r"\d{1,4}|" + "|".join(word for word, value in _NUMBERS.items() if value > 1)

MEASURES = Measures(
    numbers=_NUMBERS,
    words=r"parol[ae]",
    characters=r"caratter[ei]|lettere",
    sentences=r"fras[ei]|period[oi]",
    paragraphs=r"paragraf[oi]",
    bullets=r"punti(?: elenco| chiave)?",
    lines=r"righ?[ae]|versi",
    at_most=r"fino a|al massimo|massimo|non più di|meno di|un massimo di|max\.?",
    at_least=r"almeno|minimo|come minimo|più di",
    exactly=r"esattamente|precisamente",
    about=r"circa|più o meno|solo|soltanto",
    between=r"\s*(?:-|–|a|e|o)\s*",
    at_most_after=r"o meno|al massimo|massimo",
    at_least_after=r"o più|come minimo|minimo",
    listing=r"\b(?:dammi|elenca|elencami|nomina|suggerisci|scrivi|proponi|mostra|mostrami|dimmi|fai|genera|crea)\b"
    rf"(?:\s+(?:una|lista|elenco|un|di|i|le|gli|con))*\s+(?P<number>{_SEVERAL})\s+[a-zàèéìòù]"
    rf"|\b(?:lista|elenco) di (?P<number_of>{_SEVERAL})\s+[a-zàèéìòù]",
    some_bullets=r"\b(?:in|con|come|per) (?:punti|un elenco|una lista|elenco puntato)\b|\b(?:una lista|un elenco) "
    r"di [a-z]",
    forms={r"\bhaiku\b": 3, r"\bsonetto\b": 14, r"\b(?:scrivi|componi|crea)[^.!?\n]{0,40}?\bpoesia\b": 8},
    brief=r"\b(?:brevemente|in breve|sii breve|risposta (?:breve|corta))\b",
    detailed=r"\b(?:in dettaglio|nel dettaglio|dettagliat[oa]|approfondit[oa]|saggio)\b",
)

ITALIAN = Language(
    code="it",
    name="Italian",
    asked_for=r"in italiano|auf italienisch|en italiano|en italien|em italiano|по-итальянски|イタリア語で|"
    r"用意大利语|이탈리아어로",
    marks=words(
        "il lo la gli le un una uno del della dei delle degli di che chi cosa come quando perché dove quale quali "
        "quanto con per su non è sono sei era c'è ho hai ha puoi può voglio mi ti si ci ma anche molto più ciao salve "
        "grazie buongiorno buonasera oggi scrivi spiega dimmi dammi rispondi parole frase frasi nel nella alla al "
        "questo questa in a i due tre stai sta va"
    ),
    stop_words=in_both_cases(
        words(
            "a ad ai al alla alle allo anche avere breve buona buonasera buongiorno c'è che chi ci ciao cinque circa "
            "codice come con cos'è cosa da dal dalla dammi dei degli del dell della delle dello di dice dimmi dove due "
            "e è ed elenca elenco era essere fa fai fammi fare fino frase frasi funzione gli grazie ha haiku hai hanno "
            "ho i il in io l la le lei lista lo lui ma massimo me mi mia mio molto ne nel nella nelle no noi non o "
            "ogni oggi parla parlami parola parole per perché più poesia poi posso potresti punti può puoi qual qual'è "
            "quale quali quando quanto quattro quelli quello questa queste questi questo racconta raccontami rispondi "
            "riassumi salve scrivi se sei senza si sì sia siamo sono spiega spiegami su sul sulla sua suo te ti tra "
            "tre tu tua tuo tutti tutto un una uno vorrei voglio paragrafo paragrafi"
        )
    ),
    openings=(
        "Ecco una risposta di esempio su “{topic}”.",
        "Hai chiesto di “{topic}”, e questa è una risposta di esempio.",
        "Grazie per il messaggio su “{topic}”; segue una risposta di esempio.",
        "Su “{topic}”, questa risposta di esempio dà la versione breve.",
        "Vediamo “{topic}” con una risposta di esempio.",
    ),
    affirmations=(
        "Sì, almeno in questa risposta di esempio su “{topic}”.",
        "Sì, ma questa è solo una risposta di esempio su “{topic}”.",
    ),
    denials=(
        "No, almeno in questa risposta di esempio su “{topic}”.",
        "No, ma questa è solo una risposta di esempio su “{topic}”.",
    ),
    findings=(
        "Ecco il risultato: {topic}.",
        "La ricerca ha dato questo: {topic}.",
        "Questo è quanto è arrivato: {topic}.",
    ),
    offers=("Come posso aiutarti?", "Di che cosa vuoi parlare?", "Che cosa posso fare per te?"),
    nothing="il tuo messaggio",
    bodies=(
        "Di solito aiuta partire dalla parte più semplice e aggiungere dettagli solo dove servono.",
        "Esiste più di un modo di vedere la cosa, e ognuno ha i suoi pregi.",
        "Se racconti qualcosa di più sulla tua situazione, la risposta può diventare più precisa.",
        "Un buon primo passo è annotare quello che si sa già.",
        "I dettagli dipendono dalle circostanze, quindi questo è solo un punto di partenza.",
        "Si può anche raccontare passo dopo passo.",
        "Gli esempi piccoli si seguono meglio delle spiegazioni lunghe.",
        "Conviene controllare il risultato una volta prima di farci affidamento.",
        "Gran parte del lavoro sta nel fare la domanda giusta.",
        "Niente di questo è un fatto; le parole mostrano solo come potrebbe essere una risposta.",
        "La stessa idea si può dire in vari modi.",
    ),
    leads=("In breve, ", "Di norma, ", "Per cominciare, ", "In altre parole, ", "A questo punto, "),
    closings=("Puoi chiedere altro quando vuoi.", "Fammi sapere se vuoi continuare.", "Vuoi andare avanti?"),
    yes="Sì",
    no="No",
    hello="Ciao",
    greetings=(
        "Ciao! Come posso aiutarti?",
        "Ciao! Che cosa posso fare per te?",
        "Ciao! Di che cosa vuoi parlare oggi?",
        "Ciao, piacere di sentirti! Da dove cominciamo?",
    ),
    items=(
        "Punto di esempio {number} su “{topic}”",
        "Idea di esempio {number} per “{topic}”",
        "Esempio {number} per “{topic}”",
    ),
    verses=(
        "cadono parole quiete,",
        "lievi come pioggia presto,",
        "ancora una riga comincia,",
        "paziente come la luna,",
        "passa la luce sulla pagina,",
        "piccola, chiara e calma,",
        "e il giorno continua,",
    ),
    endings=(
        "Fatto.",
        "Grazie mille.",
        "Questo è tutto.",
        "Poi può seguire altro.",
        "Puoi chiedere ancora quando vuoi.",
        "Per questa volta può bastare così.",
        "Il resto può seguire in qualsiasi momento.",
    ),
    code_intros=("Ecco un breve esempio per “{topic}”:", "Un esempio per “{topic}” potrebbe essere questo:"),
    greeting=LazyPattern(
        r"\s*(?:ciao|salve|buongiorno|buonasera|buon pomeriggio)(?:[ ,]+[^\W\d]+){0,2}[\s!.,]*(?:(?:come (?:stai|va|"
        r"sta))[\s?!.]*)?\Z"
    ),
    question=LazyPattern(
        r"(?:\A|[.!?:;\n,]\s+)(?:è|sono|sei|era|hai|ha|ho|hanno|puoi|può|posso|potresti|sai|sa|vuoi|vuole|c['’]è|"
        r"ci sono|esiste|esistono|devo|dovrei|si può|ti piace|va)\s[^.!?\n]{1,400}\?"
    ),
    code_request=LazyPattern(
        r"\b(?:scrivi|crea|genera|implementa|dammi|mostra|mostrami|programma|fammi)\b[^.?!\n]{0,60}\b(?:codice|"
        r"funzione|script|programma|classe|query|algoritmo|metodo)\b"
    ),
    echo=LazyPattern(
        r"(?:\A|[.!?:;\n]\s*)(?:per favore,?\s+)?(?:(?:di['’]|dica)(?:\s+(?:solo|soltanto|semplicemente|esattamente|"
        r"la parola))*|rispondi(?:\s+(?:solo|soltanto|semplicemente))*\s+con(?:\s+la parola)?|ripeti(?:\s+(?:con me|"
        r"dopo di me|esattamente))*(?=\s*[:\"“'«]))\s*(?P<colon>:)?\s*(?P<said>\S.*)",
        re.IGNORECASE | re.DOTALL,
    ),
    not_said=words(
        "mi qualcosa che cosa come perché se un una il la lo gli le in due tre quattro cinque tuo tua niente più al"
    ),
    measures=MEASURES,
)
