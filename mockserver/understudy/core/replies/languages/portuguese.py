"""Portuguese."""

import re

from understudy.core.replies.languages.language import Language, Measures, in_both_cases, words
from understudy.core.replies.lazy_pattern import LazyPattern

_NUMBERS = {
    "um": 1, "uma": 1, "uma "
                       "única": 1, "um único": 1, "uma só": 1, "dois": 2, "duas": 2, "três": 3, "quatro": 4, "cinco": 5,
    "seis": 6, "sete": 7, "oito": 8, "nove": 9, "dez": 10, "doze": 12, "vinte": 20, "cinquenta": 50, "cem": 100,
}  # fmt: skip
_SEVERAL = r"\d{1,4}|" + "|".join(word for word, value in _NUMBERS.items() if value > 1)

MEASURES = Measures(
    numbers=_NUMBERS,
    words=r"palavras?",
    characters=r"caracteres|caráter|letras",
    sentences=r"frases?|oração|orações",
    paragraphs=r"parágrafos?",
    bullets=r"tópicos?|marcadores|pontos(?: principais)?",
    lines=r"linhas?|versos?",
    at_most=r"até|no máximo|máximo(?: de)?|não mais (?:de|que|do que)|menos de|um máximo de",
    at_least=r"pelo menos|no mínimo|ao menos|mínimo(?: de)?|mais de",
    exactly=r"exatamente|precisamente",
    about=r"cerca de|aproximadamente|umas|uns|só|apenas|somente",
    between=r"\s*(?:-|–|a|e|ou)\s*",
    at_most_after=r"ou menos|no máximo|máximo",
    at_least_after=r"ou mais|no mínimo|mínimo",
    listing=r"\b(?:dê|dá|me dê|liste|lista|enumere|cite|sugira|escreva|proponha|mostre|diga|faça|gere|crie|nomeie)\b"
    rf"(?:[\s-]+(?:me|uma|lista|de|os|as|com))*\s+(?P<number>{_SEVERAL})\s+[a-záâãàçéêíóôõú]"
    rf"|\blista de (?P<number_of>{_SEVERAL})\s+[a-záâãàçéêíóôõú]",
    some_bullets=r"\b(?:em|com|como) (?:tópicos|uma lista|marcadores|lista)\b|\buma lista de [a-z]",
    forms={
        r"\bha(?:iku|icai|ikai)s?\b": 3,
        r"\bsoneto\b": 14,
        r"\b(?:escreva|componha|crie|faça)[^.!?\n]{0,40}?\bpoema\b": 8,
    },
    brief=r"\b(?:brevemente|em resumo|seja breve|resposta (?:curta|breve))\b",
    detailed=r"\b(?:em detalhes?|detalhad[oa]|detalhadamente|a fundo|redação|ensaio)\b",
)

PORTUGUESE = Language(
    code="pt",
    name="Portuguese",
    asked_for=r"em português|auf portugiesisch|en portugués|en portugais|in portoghese|по-португальски|"
    r"ポルトガル語で|用葡萄牙语|포르투갈어로",
    marks=words(
        "o os as um uma uns umas do da dos das no na nos nas ao não que como qual quais onde quando quem quanto por "
        "para com sem mas muito mais também é são está estão foi tem tenho quero você vocês pode eu me se seu sua meu "
        "minha isso isto este esta em de e ou olá oi obrigado obrigada bom boa dia tarde favor explique escreva diga "
        "dê responda sobre palavras frase frases hoje fazer a dois três"
    ),
    stop_words=in_both_cases(
        words(
            "a ao aos algo algum alguma as até boa bom cada cinco código com como da das de dê dê-me diga dia do dois "
            "dos duas e é ela ele em entre era escreva essa esse esta está estão este eu exatamente explique explica "
            "faça fale favor fazer foi frase frases função gostaria há haikai haiku hoje isso isto já lhe lista liste "
            "mais mas máximo me meu minha muito na não nas nem no nos o obrigada obrigado oi olá onde os ou palavra "
            "palavras para parágrafo parágrafos pela pelo pode poderia poema por porque posso qual quais quando quanto "
            "quatro que quem quero responda resuma são se sem ser seu seus sim só sobre sua suas também tarde te tem "
            "tenho ter tópicos três tudo um uma umas uns você vocês conte me-"
        )
    ),
    openings=(
        "Esta é uma resposta de exemplo sobre “{topic}”.",
        "Você perguntou sobre “{topic}”, e esta é uma resposta de exemplo.",
        "Obrigado pela mensagem sobre “{topic}”; segue uma resposta de exemplo.",
        "Sobre “{topic}”, esta resposta de exemplo dá a versão curta.",
        "Vamos ver “{topic}” com uma resposta de exemplo.",
    ),
    affirmations=(
        "Sim, pelo menos nesta resposta de exemplo sobre “{topic}”.",
        "Sim, mas esta é só uma resposta de exemplo sobre “{topic}”.",
    ),
    denials=(
        "Não, pelo menos nesta resposta de exemplo sobre “{topic}”.",
        "Não, mas esta é só uma resposta de exemplo sobre “{topic}”.",
    ),
    findings=(
        "Este é o resultado: {topic}.",
        "A consulta devolveu o seguinte: {topic}.",
        "Foi isto que chegou: {topic}.",
    ),
    offers=("Como posso ajudar?", "Sobre o que você gostaria de conversar?", "O que posso fazer por você?"),
    nothing="sua mensagem",
    bodies=(
        "Costuma ajudar começar pela parte mais simples e acrescentar detalhes só onde for preciso.",
        "Há mais de uma maneira de ver isso, e cada uma tem as suas vantagens.",
        "Se você contar mais sobre a sua situação, a resposta pode ficar mais específica.",
        "Um bom primeiro passo é anotar o que já se sabe.",
        "Os detalhes dependem das circunstâncias, portanto este é só um ponto de partida.",
        "Também dá para contar passo a passo.",
        "Exemplos pequenos são mais fáceis de seguir do que explicações longas.",
        "Vale a pena conferir o resultado uma vez antes de confiar nele.",
        "A maior parte do trabalho está em fazer a pergunta certa.",
        "Nada disto é um fato; as palavras só mostram como uma resposta poderia ser.",
        "A mesma ideia pode ser dita de várias maneiras.",
    ),
    leads=("Em resumo, ", "Em geral, ", "Para começar, ", "Em outras palavras, ", "Neste ponto, "),
    closings=("Pergunte mais quando quiser.", "Avise se quiser continuar.", "Quer ir mais longe?"),
    yes="Sim",
    no="Não",
    hello="Olá",
    greetings=(
        "Olá! Como posso ajudar?",
        "Olá! O que posso fazer por você?",
        "Oi! Sobre o que vamos conversar hoje?",
        "Olá, que bom falar com você! Por onde começamos?",
    ),
    items=(
        "Ponto de exemplo {number} sobre “{topic}”",
        "Ideia de exemplo {number} para “{topic}”",
        "Exemplo {number} para “{topic}”",
    ),
    verses=(
        "caem palavras quietas,",
        "leves como chuva cedo,",
        "mais uma linha começa,",
        "paciente como a lua,",
        "passa a luz sobre a página,",
        "pequena, clara e calma,",
        "e o dia continua,",
    ),
    endings=(
        "Pronto.",
        "Muito obrigado.",
        "Isso é tudo.",
        "Depois pode vir mais.",
        "Pode perguntar de novo depois.",
        "Por esta vez já é suficiente.",
        "O resto pode vir quando você quiser.",
    ),
    code_intros=("Aqui está um exemplo curto para “{topic}”:", "Um exemplo para “{topic}” poderia ser assim:"),
    greeting=LazyPattern(
        r"\s*(?:olá|oi|e aí|bom dia|boa (?:tarde|noite)|saudações)(?:[ ,]+[^\W\d]+){0,2}[\s!.,]*(?:(?:tudo bem|"
        r"como vai|como você está|como está)[\s?!.]*)?\Z"
    ),
    question=LazyPattern(
        r"(?:\A|[.!?:;\n,]\s+)(?:é|são|era|está|estão|há|tem|têm|pode|podem|posso|poderia|você (?:pode|sabe|tem|quer|é|"
        r"está|gosta)|sabe|quer|devo|deveria|existe|existem|foi|será que|vai)\s[^.!?\n]{1,400}\?"
    ),
    code_request=LazyPattern(
        r"\b(?:escreva|crie|gere|implemente|dê|mostre|programe|faça|preciso)\b[^.?!\n]{0,60}\b(?:código|função|script|"
        r"programa|classe|consulta|algoritmo|método)\b"
    ),
    echo=LazyPattern(
        r"(?:\A|[.!?:;\n]\s*)(?:por favor,?\s+)?(?:(?:diga|diz)(?:\s+(?:só|apenas|somente|simplesmente|exatamente|"
        r"a palavra))*|responda(?:\s+(?:só|apenas|somente|simplesmente))*\s+com(?:\s+a palavra)?|"
        r"repita(?:\s+(?:comigo|depois de mim|exatamente))*(?=\s*[:\"“'«]))\s*(?P<colon>:)?\s*(?P<said>\S.*)",
        re.IGNORECASE | re.DOTALL,
    ),
    not_said=words(
        "me -me algo nada que como por se um uma o a os as em duas dois três quatro cinco seu sua mais no até qual"
    ),
    measures=MEASURES,
)
