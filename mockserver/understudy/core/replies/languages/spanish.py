"""Spanish."""

import re

from understudy.core.replies.languages.language import Language, Measures, in_both_cases, words
from understudy.core.replies.lazy_pattern import LazyPattern

_NUMBERS = {
    "un": 1, "una": 1, "uno": 1, "una sola": 1, "un solo": 1, "dos": 2, "tres": 3, "cuatro": 4, "cinco": 5, "seis": 6,
    "siete": 7, "ocho": 8, "nueve": 9, "diez": 10, "doce": 12, "veinte": 20, "cincuenta": 50, "cien": 100,
}  # fmt: skip
_SEVERAL = r"\d{1,4}|" + "|".join(word for word, value in _NUMBERS.items() if value > 1)

MEASURES = Measures(
    numbers=_NUMBERS,
    words=r"palabras?",
    characters=r"caracteres|letras",
    sentences=r"frases?|oración|oraciones",
    paragraphs=r"párrafos?",
    bullets=r"viñetas?|puntos(?: clave)?",
    lines=r"líneas?|versos?",
    at_most=r"hasta|como máximo|máximo(?: de)?|no más de|menos de|un máximo de",
    at_least=r"al menos|como mínimo|por lo menos|mínimo(?: de)?|más de",
    exactly=r"exactamente|justo",
    about=r"unas|unos|aproximadamente|alrededor de|cerca de|solo|sólo",
    between=r"\s*(?:-|–|a|y|o)\s*",
    at_most_after=r"o menos|como máximo|máximo",
    at_least_after=r"o más|como mínimo|mínimo",
    listing=r"\b(?:dame|lista|enumera|nombra|sugiere|escribe|propón|muestra|dime|haz|genera)\b(?:\s+(?:me|una|"
    r"lista|de|los|las|con))*"
    rf"\s+(?P<number>{_SEVERAL})\s+[a-záéíóúñ]|\blista de (?P<number_of>{_SEVERAL})\s+[a-záéíóúñ]",
    some_bullets=r"\b(?:en|con|como) (?:viñetas|una lista|puntos)\b|\buna lista de [a-z]",
    forms={r"\bhaikus?\b": 3, r"\bsoneto\b": 14, r"\b(?:escribe|compón|crea|haz)[^.!?\n]{0,40}?\bpoema\b": 8},
    brief=r"\b(?:brevemente|en breve|sé breve|respuesta (?:corta|breve))\b",
    detailed=r"\b(?:en detalle|con detalle|detallad[oa]|detalladamente|a fondo|ensayo)\b",
)

SPANISH = Language(
    code="es",
    name="Spanish",
    asked_for=r"en español|en castellano|auf spanisch|en espagnol|in spagnolo|em espanhol|по-испански|スペイン語で|"
    r"用西班牙语|스페인어로",
    marks=words(
        "el la los las un una unos unas del al que qué como cómo cual cuál cuáles donde dónde cuando cuándo quien "
        "quién por para con sin pero muy más también es son está están estás hay tengo tiene quiero puedes puede de en "
        "y o se su tu mi me te le lo no sí hola gracias buenos buenas días tardes favor explica escribe dime dame di "
        "responde sobre palabras frase frases hoy eres soy a dos tres"
    ),
    stop_words=in_both_cases(
        words(
            "a al algo ante aquí así buenas buenos cada cinco como cómo con cual cuál cuáles cuando cuándo cuántas "
            "cuántos cuatro da dame de del desde di días dime donde dónde dos e el ella en entre era eres es esa ese "
            "eso esta está están estás este esto estoy explica explicar explicarme explícame favor frase frases fue "
            "gracias gusta ha haiku has hasta hay haz he hola hoy la las le les lista lo los más máximo me mi mis "
            "mucho muy nada ni no nombra nos o para párrafo párrafos pero poema por porque puede puedes palabra "
            "palabras que qué quien quién quiere quiero responde resume saber se ser si sí sin sobre solo sólo son soy "
            "su sus también tardes te tengo tiene tienes todo tres tu tú tus un una unas uno unos usted ya yo y qué "
            "escribe escríbeme cuéntame háblame habla cuenta crea genera función código"
        )
    ),
    openings=(
        "Esta es una respuesta de ejemplo sobre “{topic}”.",
        "Preguntas por “{topic}”, y esta es una respuesta de ejemplo.",
        "Gracias por el mensaje sobre “{topic}”; aquí va una respuesta de ejemplo.",
        "Sobre “{topic}”, esta respuesta de ejemplo da la versión corta.",
        "Veamos “{topic}” con una respuesta de ejemplo.",
    ),
    affirmations=(
        "Sí, al menos en esta respuesta de ejemplo sobre “{topic}”.",
        "Sí, aunque esto es solo una respuesta de ejemplo sobre “{topic}”.",
    ),
    denials=(
        "No, al menos en esta respuesta de ejemplo sobre “{topic}”.",
        "No, aunque esto es solo una respuesta de ejemplo sobre “{topic}”.",
    ),
    findings=(
        "Este es el resultado: {topic}.",
        "La consulta devolvió lo siguiente: {topic}.",
        "Esto es lo que llegó: {topic}.",
    ),
    offers=("¿En qué puedo ayudarte?", "¿De qué te gustaría hablar?", "¿Qué puedo hacer por ti?"),
    nothing="tu mensaje",
    bodies=(
        "Suele ayudar empezar por lo más sencillo y añadir detalles solo donde hagan falta.",
        "Hay más de una manera de verlo, y cada una tiene sus ventajas.",
        "Si cuentas algo más sobre tu situación, la respuesta puede ser más concreta.",
        "Un buen primer paso es anotar lo que ya se sabe.",
        "Los detalles dependen de las circunstancias, así que esto es solo un punto de partida.",
        "También se puede contar paso a paso.",
        "Los ejemplos pequeños se siguen mejor que las explicaciones largas.",
        "Conviene comprobar el resultado una vez antes de confiar en él.",
        "La mayor parte del trabajo consiste en hacer la pregunta adecuada.",
        "Nada de esto es un dato; las palabras solo muestran cómo podría ser una respuesta.",
        "La misma idea se puede decir de varias maneras.",
    ),
    leads=("En resumen, ", "Por lo general, ", "Para empezar, ", "Dicho de otro modo, ", "En este punto, "),
    closings=("Puedes preguntar más cuando quieras.", "Avísame si quieres seguir.", "¿Quieres que siga?"),
    yes="Sí",
    no="No",
    hello="Hola",
    greetings=(
        "¡Hola! ¿En qué puedo ayudarte?",
        "¡Hola! ¿Qué puedo hacer por ti?",
        "¡Hola! ¿De qué te gustaría hablar hoy?",
        "¡Hola, qué gusto saludarte! ¿Por dónde empezamos?",
    ),
    items=(
        "Punto de ejemplo {number} sobre “{topic}”",
        "Idea de ejemplo {number} sobre “{topic}”",
        "Muestra {number} para “{topic}”",
    ),
    verses=(
        "caen palabras quietas,",
        "suaves como lluvia temprana,",
        "una línea más comienza,",
        "paciente como la luna,",
        "pasa la luz sobre la página,",
        "pequeña, clara y serena,",
        "y el día continúa,",
    ),
    endings=(
        "Listo.",
        "Muchas gracias.",
        "Eso es todo.",
        "Luego puede haber más.",
        "Puedes preguntar de nuevo siempre.",
        "Con esto basta por el momento.",
        "El resto puede seguir cuando tú quieras.",
    ),
    code_intros=("Aquí tienes un ejemplo corto para “{topic}”:", "Así podría ser un ejemplo para “{topic}”:"),
    greeting=LazyPattern(
        r"\s*¡?(?:hola|buenas|buenos días|buenas (?:tardes|noches)|saludos|"
        r"qué tal)(?:[ ,]+[^\W\d]+){0,2}[\s!.,]*(?:¿?(?:qué tal|cómo estás|cómo está)[\s?!.]*)?\Z"
    ),
    question=LazyPattern(
        r"¿\s*(?:es|son|era|está|están|estás|eres|hay|tiene|tienes|tienen|puede|puedes|pueden|puedo|podrías|podría|"
        r"sabes|sabe|quieres|debo|debería|va|vas|existe|existen|fue|ha|has|se puede|te gusta|crees)\s[^.!?\n]{1,400}\?"
    ),
    code_request=LazyPattern(
        r"\b(?:escribe|crea|genera|implementa|dame|muestra|muéstrame|haz|programa|necesito|"
        r"quiero)\b[^.?!\n]{0,60}\b(?:código|función|script|programa|clase|consulta|algoritmo|método)\b"
    ),
    echo=LazyPattern(
        r"(?:\A|[.!?:;\n¡]\s*)(?:por favor,?\s+)?(?:(?:di|diga)(?:\s+(?:solo|sólo|simplemente|exactamente|la palabra|"
        r"por favor))*|(?:responde|contesta)(?:\s+(?:solo|sólo|simplemente|únicamente))*\s+con(?:\s+la palabra)?|"
        r"repite(?:\s+(?:conmigo|después de mí|exactamente))*(?=\s*[:\"“'«]))\s*(?P<colon>:)?\s*(?P<said>\S.*)",
        re.IGNORECASE | re.DOTALL,
    ),
    not_said=words(
        "me algo nada que qué cómo por si un una el la los las lo le en dos tres cuatro cinco tu tus su sus más máximo "
        "al"
    ),
    measures=MEASURES,
)
