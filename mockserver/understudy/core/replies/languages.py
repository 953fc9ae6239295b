"""Languages: how one is recognised, and the phrases that answers in it are made of.

The phrases say nothing about the world: they refer to the message and to what a caller may do next.
"""

import re
from typing import NamedTuple


class Phrases(NamedTuple):
    """Sentences of one language; `{topic}` is the beginning of the user's message.

    Attributes:
        openings: first sentences.
        tool_openings: first sentences after a tool's result, which is then the topic.
        empty: first sentences when there is nothing to refer to.
        bodies: further sentences.
        joiner: between sentences.
    """

    openings: tuple[str, ...]
    tool_openings: tuple[str, ...]
    empty: tuple[str, ...]
    bodies: tuple[str, ...]
    joiner: str = " "

    @property
    def stride(self) -> int:
        """A step that has no factor in common with the number of bodies, and so visits each before it repeats one."""
        return 3 if len(self.bodies) % 3 else 5


_SCRIPTS = (
    (re.compile(r"[\u3040-\u30ff]"), "ja"),
    (re.compile(r"[\uac00-\ud7af]"), "ko"),
    (re.compile(r"[\u4e00-\u9fff]"), "zh"),
    (re.compile(r"[\u0400-\u04ff]"), "ru"),
    (re.compile(r"[\u0600-\u06ff]"), "ar"),
    (re.compile(r"[\u0900-\u097f]"), "hi"),
)
_WORD = re.compile(r"[a-zà-öø-ÿß]+")
_COMMON = {
    word: language
    for language, words in {
        "de": "der die das und ist nicht ich wie was ein eine für mit auf kannst bitte warum über",
        "es": "el los las qué es una por para cómo con del puedes cuál está gracias hola",
        "fr": "le les est une des pour dans que qui avec bonjour quel quelle peux vous je sur",
        "pt": "não uma você para com como qual olá obrigado são isso fazer os",
        "it": "il che di non per sono una come ciao puoi della gli perché",
        "en": "the is and what of to in you how can a for please this it with are me do",
    }.items()
    for word in words.split()
}


def language_of(text: str) -> str:
    """The code of the text's language: by script, then by its commonest words; English when nothing tells."""
    if not text.isascii():
        for script, language in _SCRIPTS:
            if script.search(text):
                return language
    scores: dict[str, int] = {}
    for word in _WORD.findall(text[:400].lower()):
        if word in _COMMON:
            scores[_COMMON[word]] = scores.get(_COMMON[word], 0) + 1
    if not scores:
        return "en"
    best = max(scores, key=lambda code: scores[code])
    return "en" if scores.get("en", 0) == scores[best] else best


LANGUAGES: dict[str, Phrases] = {
    "en": Phrases(
        openings=(
            "You asked about “{topic}”, so here is a short answer.",
            "Here is an answer to “{topic}”.",
            "Thanks for the question about “{topic}”.",
            "Let us look at “{topic}” together.",
            "On “{topic}”, the short version goes like this.",
        ),
        tool_openings=(
            "According to the tool, this is the result: {topic}.",
            "The tool answered: {topic}.",
            "Here is what came back: {topic}.",
        ),
        empty=("How can I help you today?", "What would you like to talk about?"),
        bodies=(
            "It usually helps to begin with the simplest part and to add detail only where it is needed.",
            "There is more than one way to look at it, and each has its own strengths.",
            "If you tell me more about your situation, I can be more specific.",
            "A good first step is to write down what you already know.",
            "The details depend on the circumstances, so treat this as a starting point.",
            "I can also go through it step by step if you prefer.",
            "Small examples make this easier to follow than long explanations.",
            "It is worth checking the result once before you rely on it.",
        ),
    ),
    "de": Phrases(
        openings=(
            "Sie fragen nach „{topic}“; hier ist eine kurze Antwort.",
            "Hier ist eine Antwort auf „{topic}“.",
            "Schauen wir uns „{topic}“ gemeinsam an.",
        ),
        tool_openings=("Das Werkzeug meldet: {topic}.", "Das Ergebnis lautet: {topic}."),
        empty=("Wie kann ich Ihnen helfen?",),
        bodies=(
            "Am besten beginnt man mit dem einfachsten Teil und ergänzt Einzelheiten nur dort, wo sie nötig sind.",
            "Es gibt mehr als einen Weg, und jeder hat seine Stärken.",
            "Wenn Sie mir mehr über Ihre Lage erzählen, kann ich genauer werden.",
            "Kleine Beispiele sind leichter zu verstehen als lange Erklärungen.",
        ),
    ),
    "es": Phrases(
        openings=(
            "Preguntas por «{topic}»; aquí tienes una respuesta breve.",
            "Esta es una respuesta a «{topic}».",
            "Veamos juntos «{topic}».",
        ),
        tool_openings=("La herramienta respondió: {topic}.", "Este es el resultado: {topic}."),
        empty=("¿En qué puedo ayudarte?",),
        bodies=(
            "Conviene empezar por lo más sencillo y añadir detalles solo donde hagan falta.",
            "Hay más de una manera de verlo, y cada una tiene sus ventajas.",
            "Si me cuentas más sobre tu situación, puedo ser más concreto.",
            "Los ejemplos pequeños se siguen mejor que las explicaciones largas.",
        ),
    ),
    "fr": Phrases(
        openings=(
            "Vous parlez de « {topic} » ; voici une réponse brève.",
            "Voici une réponse à « {topic} ».",
            "Regardons ensemble « {topic} ».",
        ),
        tool_openings=("L’outil a répondu : {topic}.", "Voici le résultat : {topic}."),
        empty=("Comment puis-je vous aider ?",),
        bodies=(
            "Le mieux est de commencer par le plus simple et d’ajouter des détails là où il en faut.",
            "Il y a plus d’une façon de voir les choses, et chacune a ses atouts.",
            "Si vous m’en dites plus sur votre situation, je pourrai être plus précis.",
            "De petits exemples se suivent mieux que de longues explications.",
        ),
    ),
    "pt": Phrases(
        openings=("Você perguntou sobre “{topic}”; aqui está uma resposta breve.", "Vamos ver “{topic}” juntos."),
        tool_openings=("A ferramenta respondeu: {topic}.",),
        empty=("Como posso ajudar?",),
        bodies=(
            "É melhor começar pela parte mais simples e acrescentar detalhes só onde for preciso.",
            "Há mais de uma maneira de ver isso, e cada uma tem as suas vantagens.",
            "Se você contar mais sobre a sua situação, posso ser mais específico.",
            "Exemplos pequenos são mais fáceis de seguir.",
        ),
    ),
    "it": Phrases(
        openings=("Hai chiesto di «{topic}»; ecco una risposta breve.", "Vediamo insieme «{topic}»."),
        tool_openings=("Lo strumento ha risposto: {topic}.",),
        empty=("Come posso aiutarti?",),
        bodies=(
            "Conviene partire dalla parte più semplice e aggiungere dettagli solo dove servono.",
            "C’è più di un modo di vederla, e ognuno ha i suoi pregi.",
            "Se mi dici di più sulla tua situazione, posso essere più preciso.",
            "I piccoli esempi si seguono meglio delle lunghe spiegazioni.",
        ),
    ),
    "ja": Phrases(
        openings=(
            "「{topic}」についてですね。簡単にお答えします。",
            "「{topic}」へのお返事です。",
            "「{topic}」について一緒に見てみましょう。",
        ),
        tool_openings=("ツールの結果は次のとおりです：{topic}。",),
        empty=("どのようなご用件でしょうか。",),
        bodies=(
            "まず一番簡単なところから始め、必要なところだけ詳しくするとよいでしょう。",
            "見方はひとつではなく、それぞれに良さがあります。",
            "状況をもう少し教えていただければ、より具体的にお答えできます。",
            "長い説明よりも、小さな例のほうが分かりやすいことが多いです。",
        ),
        joiner="",
    ),
    "zh": Phrases(
        openings=("关于“{topic}”，这里是一个简短的回答。", "我们一起来看看“{topic}”。"),
        tool_openings=("工具返回的结果是：{topic}。",),
        empty=("请问有什么可以帮您？",),
        bodies=(
            "最好先从最简单的部分开始，只在需要的地方补充细节。",
            "看问题的方式不止一种，各有各的长处。",
            "如果您多介绍一些情况，我可以回答得更具体。",
            "小例子往往比长篇解释更容易理解。",
        ),
        joiner="",
    ),
    "ko": Phrases(
        openings=("“{topic}”에 대해 간단히 답해 드리겠습니다.", "“{topic}”을(를) 함께 살펴보겠습니다."),
        tool_openings=("도구의 결과는 다음과 같습니다: {topic}.",),
        empty=("무엇을 도와드릴까요?",),
        bodies=(
            "가장 간단한 부분부터 시작하고 필요한 곳에만 자세히 더하는 것이 좋습니다.",
            "보는 방법은 하나가 아니며 저마다 장점이 있습니다.",
            "상황을 조금 더 알려 주시면 더 구체적으로 답할 수 있습니다.",
            "긴 설명보다 작은 예가 이해하기 쉽습니다.",
        ),
    ),
    "ru": Phrases(
        openings=("Вы спросили про «{topic}»; вот короткий ответ.", "Давайте вместе посмотрим на «{topic}»."),
        tool_openings=("Инструмент ответил: {topic}.",),
        empty=("Чем я могу помочь?",),
        bodies=(
            "Лучше начать с самого простого и добавлять подробности только там, где они нужны.",
            "На это можно смотреть по-разному, и у каждого взгляда есть свои сильные стороны.",
            "Если вы расскажете больше о своей ситуации, я смогу ответить точнее.",
            "Небольшие примеры понятнее длинных объяснений.",
        ),
    ),
    "ar": Phrases(
        openings=("سألت عن «{topic}»، وإليك إجابة قصيرة.", "لننظر معًا إلى «{topic}»."),
        tool_openings=("أجابت الأداة: {topic}.",),
        empty=("كيف يمكنني مساعدتك؟",),
        bodies=(
            "من الأفضل البدء بأبسط جزء ثم إضافة التفاصيل عند الحاجة فقط.",
            "هناك أكثر من طريقة للنظر إلى الأمر، ولكل منها مزاياها.",
            "إذا أخبرتني بالمزيد عن وضعك فسأكون أكثر تحديدًا.",
            "الأمثلة الصغيرة أسهل فهمًا من الشروح الطويلة.",
        ),
    ),
    "hi": Phrases(
        openings=("आपने “{topic}” के बारे में पूछा; यह एक छोटा उत्तर है।", "आइए “{topic}” को साथ में देखें।"),
        tool_openings=("उपकरण का उत्तर: {topic}।",),
        empty=("मैं आपकी कैसे मदद कर सकता हूँ?",),
        bodies=(
            "सबसे सरल भाग से शुरू करना और केवल ज़रूरत की जगह विवरण जोड़ना अच्छा रहता है।",
            "इसे देखने के एक से अधिक तरीके हैं, और हर एक की अपनी खूबी है।",
            "यदि आप अपनी स्थिति के बारे में और बताएँ तो मैं अधिक स्पष्ट हो सकता हूँ।",
            "छोटे उदाहरण लंबी व्याख्याओं से आसान होते हैं।",
        ),
    ),
}
