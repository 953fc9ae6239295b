"""English."""

import re

from understudy.core.replies.languages.language import Language, Measures, in_both_cases, words
from understudy.core.replies.lazy_pattern import LazyPattern

_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "hundred": 100,
    "a hundred": 100, "one hundred": 100, "a single": 1, "single": 1, "in a": 1, "write a": 1, "write me a": 1,
    "give me a": 1, "compose a": 1, "a couple of": 2, "a dozen": 12,
}  # fmt: skip
_COUNTED = r"\d{1,4}|" + "|".join(word for word in _NUMBERS if not word.endswith(" a"))

_OPTION = r"(?:[\"'“‘`][^\"'”’`\n]{1,60}[\"'”’`]|[^\W_][\w-]{0,40})"
_WRITE = r"\b(?:write|compose|create|give me|make|generate|need|want|as|form of)\b[^.!?\n]{0,40}?"
_COURTESY = (
    r"(?:(?:please|just|simply|only|now|then|ok|okay|hey|always|you must|you should|can you|could you|"
    r"i want you to)[\s,]+)*"
)
_FILL = (
    r"(?:\s+(?:exactly|only|just|simply|back|to me|nothing but|the following|the (?:exact )?(?:words?|phrase|text|"
    r"sentence|string|message|line)|the following (?:words?|phrase|text|sentence|string|message|line))\b)*"
)

_STOP_WORDS = words(
    "a about above add again all also always am an and another answer any anything are as ask at back be "
    "because been before briefly but by bullet bullets called can characters cite code compose compute come "
    "could create define describe detail details did discuss do does doing done don draft each eight elaborate "
    "enough essay etc even every everything exactly example explain explanation few fewer find five for four "
    "from function generate get give go going good got great haiku had has have he hello help her here hey hi "
    "him his how i if in into is it its item items just keep know less let like limerick list ll long look "
    "made make many may maximum me mean mention message might mine more most much must my name need nine no "
    "not now of off ok okay on one only or other our out outline over paragraph paragraphs people person piece "
    "please poem point points prepare print program propose provide question re really recommend reply respond "
    "response return rewrite s said say script see seven shall she short should show simple simply single six "
    "snippet so some someone something sonnet sentence sentences sure story suggest summarise summarize "
    "summary t take talk tell ten text than thank thanks that the their them then there these they thing "
    "things think this those three to today too try turn two under up us use used using ve very want was way "
    "we well were what whatever when where whether which while who whom whose why will wish with within "
    "without word words would write yes yet you your yours i'm i'd i've i'll what's it's that's don't can't "
    "let's what’s it’s i’m english french german spanish italian portuguese russian japanese chinese korean "
    "arabic hindi"
)

MEASURES = Measures(
    numbers=_NUMBERS,
    words=r"words?",
    characters=r"char(?:acter)?s?|letters",
    sentences=r"sentences?|sentence-long",
    paragraphs=r"paragraphs?",
    bullets=r"bullet(?:[- ]?points?|s)?|key points?|numbered (?:points?|steps?|items?)|list items?",
    lines=r"lines?",
    at_most=r"up to|at most|no more than|not more than|no longer than|less than|fewer than|under|below|within|"
    r"(?:a )?max(?:imum)?(?: of)?:?",
    at_least=r"at least|no (?:less|fewer) than|not (?:less|fewer) than|more than|over|(?:a )?min(?:imum)?(?: of)?:?",
    exactly=r"exactly|precisely",
    about=r"about|around|roughly|approximately|approx\.?|only|just",
    between=r"\s*(?:-|–|to|and|or)\s*",
    at_most_after=r",?\s*(?:or (?:less|fewer|under|below)|max(?:imum)?\b|at (?:the )?most|tops)",
    at_least_after=r",?\s*(?:or more|min(?:imum)?\b|at least|and up)",
    listing=r"\b(?:list|give(?: me| us)?|name|suggest|provide|write|generate|top|show(?: me)?|tell me|recommend|share|"
    r"propose|brainstorm|create|make(?: me)?|come up with|enumerate|produce)\s+"
    r"(?:me\s+|out\s+|of\s+|the\s+|a\s+list\s+of\s+|list\s+of\s+|exactly\s+|top\s+|at\s+least\s+|up\s+to\s+)*"
    rf"(?P<number>{_COUNTED})\s+(?!minutes?\b|seconds?\b|hours?\b|days?\b|times?\b|percent\b|plus\b|minus\b|and\b|or\b)"
    r"[a-z]"
    rf"|\blist of (?P<number_of>{_COUNTED})\s+[a-z]",
    some_bullets=r"\b(?:in|as|using|with)\s+(?:a\s+)?(?:short\s+|few\s+|some\s+)?(?:bullet(?:ed)?|"
    r"numbered)\s*-?(?:points?|lists?|s\b)|"
    r"\b(?:a|bulleted|numbered|bullet) list of [a-z]|\bbullet points\b",
    forms={
        r"\bhaikus?\b": 3,
        r"\blimericks?\b": 5,
        r"\bsonnets?\b": 14,
        rf"{_WRITE}\bquatrain": 4,
        rf"{_WRITE}\bpoem": 8,
    },
    brief=r"\b(?:briefly|concisely|be (?:very )?(?:brief|concise)|in short|short answer|keep it (?:short|brief|"
    r"concise))\b",
    detailed=r"\b(?:in (?:great |more |full )?detail|detailed|thorough(?:ly)?|at length|in[ -]depth|comprehensive|"
    r"essay|"
    r"long (?:answer|story|text|article|explanation|reply))\b",
    unless=words(
        "these those my his her their its our your first last following next previous the have has had read learned"
    ),
)

ENGLISH = Language(
    code="en",
    name="English",
    asked_for=r"auf englisch|en inglés|en inglês|en anglais|in inglese|по-английски|英語で|用英语|用英文|영어로|"
    r"بالإنجليزية|अंग्रेज़ी में",
    marks=_STOP_WORDS | words("been did found hi thank thanks was were"),
    stop_words=in_both_cases(_STOP_WORDS),
    openings=(
        "Here is a sample answer about “{topic}”.",
        "You asked about “{topic}”, and this is a sample answer.",
        "Thanks for your message about “{topic}”; what follows is a sample answer.",
        "Let us look at “{topic}” with a sample answer.",
        "On “{topic}”, this sample answer gives the short version.",
        "This is a sample answer to your message about “{topic}”.",
        "With “{topic}” in mind, here is a sample answer.",
    ),
    affirmations=(
        "Yes, at least in this sample answer about “{topic}”.",
        "Yes, if a sample answer about “{topic}” may say so.",
        "Yes, and please read this as a sample answer about “{topic}”.",
    ),
    denials=(
        "No, at least not in this sample answer about “{topic}”.",
        "No, if a sample answer about “{topic}” may say so.",
        "No, and please read this as a sample answer about “{topic}”.",
    ),
    findings=(
        "Here is what came back: {topic}.",
        "This is the result: {topic}.",
        "I looked it up, and the result is: {topic}.",
        "The tool answered: {topic}.",
    ),
    nothing="your message",
    offers=(
        "How can I help you today?",
        "What would you like to talk about?",
        "What can I do for you?",
        "Please tell me more about what you need.",
    ),
    bodies=(
        "It usually helps to begin with the simplest part and to add detail only where it is needed.",
        "There is more than one way to look at it, and each has its own strengths.",
        "If you say more about your situation, the answer can become more specific.",
        "A good first step is to write down what is already known.",
        "The details depend on the circumstances, so please treat this as a starting point.",
        "It can also be told step by step, at whatever pace suits you.",
        "Small examples make this easier to follow than long explanations.",
        "It is worth checking the result once before anyone relies on it.",
        "Most of the work lies in asking the right question.",
        "One part leads to the next, and none of them is difficult alone.",
        "The short version fits into a sentence, and the long version takes a little patience.",
        "Nothing here is a fact; the words only show what an answer could look like.",
        "The same idea can be put in several ways without changing its meaning.",
    ),
    leads=(
        "In short, ",
        "As a rule, ",
        "For a start, ",
        "In other words, ",
        "Put simply, ",
        "At this point, ",
        "On the whole, ",
    ),
    closings=(
        "Feel free to ask for more.",
        "Let me know if you would like to go on.",
        "Just say so if you prefer a shorter version.",
        "Would you like to go further into any of this?",
    ),
    yes="Yes",
    no="No",
    hello="Hello",
    greetings=(
        "Hello! How can I help you today?",
        "Hi there! What can I do for you?",
        "Hello! What would you like to talk about?",
        "Hi! How may I help?",
        "Hello, nice to hear from you! What is on your mind?",
        "Hey! What are we working on today?",
    ),
    items=(
        "Sample point {number} about “{topic}”",
        "Sample idea {number} for “{topic}”",
        "Sample thought {number} on “{topic}”",
        "Sample entry {number} for “{topic}”",
    ),
    verses=(
        "quiet words fall into place,",
        "soft as early rain,",
        "one more line begins to grow,",
        "patient as the moon,",
        "light moves slowly on the page,",
        "small and clear and calm,",
        "every thought can take its time,",
        "and the day goes on,",
    ),
    endings=(
        "Done.",
        "Thank you.",
        "That is all.",
        "More can follow later.",
        "Feel free to ask again.",
        "That is enough for this time.",
        "The rest can follow whenever you like.",
    ),
    code_intros=(
        "Here is a short sample for “{topic}”:",
        "This sample shows the shape of “{topic}”:",
        "A small sample for “{topic}” could look like this:",
    ),
    greeting=LazyPattern(
        r"\s*(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day))(?:[ ,]+(?:there|all|everyone|"
        r"everybody|again|friend|world|assistant|bot))*(?:[ ,]+[^\W\d]+)?[\s!.,…~👋🙂😊]*(?:(?:how are you|"
        r"how's it going|how is it going|what's up)(?: doing)?(?: today)?[\s?!.]*)?\Z"
    ),
    question=LazyPattern(
        r"(?:\A|[.!?:;\n,]\s+)(?:so |and |but |please tell me |tell me |hey |ok |okay )?(?:is|are|was|were|am|do|does|"
        r"did|can|could|will|would|should|has|have|had|may|might|must|isn't|aren't|doesn't|don't|can't|"
        r"won't)\s+(?!(?:you|we)\s+(?:please\s+)?(?:tell|explain|describe|write|give|list|show|summari[sz]e|translate|"
        r"name|create|make|generate)\b)(?P<polite>you (?:please )?help\b)?(?![^.!?\n]*\bor\b)[^.!?\n]{1,400}\?"
    ),
    code_request=LazyPattern(
        r"\b(?:write|create|implement|generate|give|show|make|provide|produce|code|build|need|want|"
        r"draft)\b[^.?!\n]{0,60}\b(?:code|functions?|scripts?|program|snippet|class|method|quer(?:y|ies)|one-liner|"
        r"regex|sql|html|algorithm|unit tests?)\b|\b(?:write|implement|solve|do|code)\b[^.?!\n]{0,60}\bin (?:python|"
        r"javascript|typescript|java|go|golang|rust|bash|sql)\b"
    ),
    echo=LazyPattern(
        rf"(?:\A|[.!?:;\n]\s*){_COURTESY}"
        rf"(?:say\b{_FILL}|(?:reply|respond|answer)\b{_FILL}\s+with\b{_FILL}|(?:repeat|echo)\s+after\s+me\b{_FILL}"
        rf"|(?:repeat|echo|reply|respond)\b{_FILL}(?:\s+(?:this|that))?(?=\s*:)"
        rf"|(?:repeat|echo|reply|respond|answer|output|print|write|return|type|send)\b{_FILL}(?=\s*:?\s*[\"'“‘`«])"
        r"|(?<!\S)echo(?=\s))"
        r"\s*(?P<colon>:)?\s*(?P<said>\S.*)",
        re.IGNORECASE | re.DOTALL,
    ),
    not_said=words(
        "something anything nothing a an in it that why what how more if whether your my me some whatever when where "
        "who which to no one two three four five between at as about up json code bullet yes/no true/false you them "
        "him her hers his their its someone only the these those whichever either"
    ),
    choice=LazyPattern(
        r"\b(?:answer|reply|respond|output|return|say|choose|pick|classify)\b[^.!?\n]{0,60}?"
        r"(?:\b(?:with|only|just|simply|either|one of|as|between|from|exactly|say|answer|reply|respond)|:)"
        r"(?: (?:only|just|either|a|one of|simply|these|the following|the words?))*:?\s*"
        rf"(?P<options>{_OPTION}(?:\s*,\s*{_OPTION})*\s*,?\s+or\s+{_OPTION}|{_OPTION}(?:/{_OPTION})+)"
        r"(?=[\s.!?]*(?:\Z|[.!?:\n]|only|and nothing else|based|depending))"
    ),
    conjunctions=words("or and"),
    measures=MEASURES,
    cues={
        "choice": in_both_cases(words("answer reply respond output return say choose pick classify")),
        "echo": in_both_cases(words("say reply respond repeat echo"))
        | words("Answer Output Print Write Return Type Send answer output print return"),
        "greeting": words("Hi Hello Hey Hiya Howdy Greetings Good"),
        "code": in_both_cases(
            words(
                "code function functions script program snippet class method query queries liner regex sql html "
                "algorithm tests python javascript typescript java go golang rust bash"
            )
        )
        | words("SQL HTML JavaScript TypeScript"),
        "question": words(
            "Is Are Was Were Am Do Does Did Can Could Will Would Should Has Have Had May Might Must Isn Aren Doesn Don "
            "Won yes no"
        ),
        "length": in_both_cases(
            words(
                "word words char chars character characters letters sentence sentences paragraph paragraphs bullet "
                "bullets points steps items line lines"
            )
        ),
        "list": words(
            "list List bullet bullets bulleted numbered Give give Name Suggest suggest Provide provide Write write "
            "Generate Top top Show show Tell Recommend recommend Share Propose Brainstorm Create Make Come Enumerate "
            "enumerate Produce"
        ),
        "form": in_both_cases(words("haiku haikus limerick limericks poem sonnet sonnets quatrain")),
        "verbosity": in_both_cases(
            words(
                "brief briefly concise concisely short detail detailed thorough thoroughly length depth comprehensive "
                "essay long"
            )
        ),
    },
)
