"""How code goes on where a prompt breaks off: in the middle of a signature, after a colon, below a comment.

Enough for what completions models were asked most, Python first; what is made runs wherever the beginning lets it.
"""

import re

from understudy.core.replies.code_samples import bare_code
from understudy.core.replies.lazy_pattern import LazyPattern

_TAIL = 4_000
"""Characters at the end of a prompt that are looked at."""
_TOPIC_WORDS = 8
_DEF = LazyPattern(r"(?P<indent>[ \t]*)(?:async[ ]+)?def (?P<name>\w+)\((?P<rest>[^()]*)\Z", re.NOFLAG)
_SIGNATURE = LazyPattern(
    r"(?P<indent>[ \t]*)(?:async[ ]+)?def (?P<name>\w+)\((?P<inner>[^()]*)\)(?:[ ]*->[^:]+)?(?P<colon>:?)[ \t]*\Z",
    re.NOFLAG,
)
_CLASS = LazyPattern(r"(?P<indent>[ \t]*)class \w+[^:]*:[ \t]*\Z", re.NOFLAG)
_BLOCK = LazyPattern(
    r"(?P<indent>[ \t]*)(?:if|elif|else|for|while|try|except|finally|with)\b[^\n]*:[ \t]*\Z", re.NOFLAG
)
_IMPORT = LazyPattern(r"(?:import|from) [\w.]+[^\n]*\Z", re.NOFLAG)
_FUNCTION = LazyPattern(r"(?:export )?(?:async )?function (?P<name>\w+)\((?P<rest>[^()]*)\Z", re.NOFLAG)
_BRACES = LazyPattern(
    r"(?P<indent>[ \t]*)[^\n]*(?:\bfunction\b|=>|\bfunc\b|\bfn\b|\bint main\b|\bvoid\b)[^\n]*\{[ \t]*\Z", re.NOFLAG
)
_SQL = LazyPattern(r"[ \t]*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE)\b(?P<rest>[^\n;]*)\Z")
_COMMENT = LazyPattern(r'[ \t]*(?P<mark>#|//|--|/\*|""")[ \t]*(?P<note>[^\n]*?)[ \t]*(?:\*/|""")?[ \t]*\Z', re.NOFLAG)
_PARAMETER = LazyPattern(r"[A-Za-z_]\w*", re.NOFLAG)

_BY_MARK = {"//": "javascript", "--": "sql", "/*": "sql"}
_KNOWN = {
    "fib": "if {0} < 2:\n    return {0}\nreturn {name}({0} - 1) + {name}({0} - 2)",
    "fibonacci": "if {0} < 2:\n    return {0}\nreturn {name}({0} - 1) + {name}({0} - 2)",
    "factorial": "if {0} < 2:\n    return 1\nreturn {0} * {name}({0} - 1)",
    "is_prime": "return {0} > 1 and all({0} % each for each in range(2, int({0}**0.5) + 1))",
    "reverse": "return {0}[::-1]",
    "hello": 'print("Hello, world!")',
    "hello_world": 'print("Hello, world!")',
    "main": 'print("Hello, world!")',
}
"""Bodies of functions that everybody's first prompt asks for; `{0}` is the first parameter."""
_SUMS = frozenset(("add", "sum", "plus"))


def continue_code(prompt: str, *, any_text: bool = False) -> str | None:
    """What comes after a prompt that is code, None when it is none.

    Args:
        prompt: all of it.
        any_text: whether the model writes nothing but code, so that any text is a comment to it.
    """
    tail = prompt[-_TAIL:]
    line = tail.rsplit("\n", 1)[-1]
    for continued in (_python(tail, line), _braced(line), _sql(line)):
        if continued is not None:
            return continued
    words = line if line.strip() else tail.rstrip().rsplit("\n", 1)[-1]
    comment = _COMMENT.compiled.match(words)
    if comment is not None and comment["note"] and (any_text or comment["mark"] != "#" or _reads_as_code(tail)):
        return _below(prompt, _BY_MARK.get(comment["mark"], ""), comment["note"])
    if any_text:
        return _below(prompt, "", words.strip())
    return None


def _reads_as_code(tail: str) -> bool:
    """Whether a line with `#` is a comment rather than a heading: other lines tell, or the word for a language."""
    lowered = tail.lower()
    return any(word in lowered for word in ("python", "function", "def ", "import ", "code", "script"))


def _below(prompt: str, language: str, note: str) -> str:
    words = " ".join(note.split()[:_TOPIC_WORDS])
    _, code = bare_code(f"{language} {prompt[:_TAIL]}", words)
    return ("" if prompt.endswith("\n") else "\n") + code + "\n"


def _python(tail: str, line: str) -> str | None:
    open_signature = _DEF.compiled.match(line)
    if open_signature is not None:
        rest = open_signature["rest"]
        indent, name = open_signature["indent"], open_signature["name"]
        given = rest if rest.strip(" ,") else _parameters(name)
        closing = f"{'' if rest.strip(' ,') else given}):"
        return f"{closing}\n{_body(name, given, indent)}\n"
    signature = _SIGNATURE.compiled.match(line)
    if signature is not None:
        body = _body(signature["name"], signature["inner"], signature["indent"])
        return f"{'' if signature['colon'] else ':'}\n{body}\n"
    if not line.strip():
        # On a line of its own: what the line before it opened is filled.
        before = tail[: len(tail) - len(line)].rstrip("\n")
        opened = _python(before, before.rsplit("\n", 1)[-1]) if before.endswith(":") else None
        return None if opened is None else opened.removeprefix("\n").removeprefix(line)
    block = _CLASS.compiled.match(line)
    if block is not None:
        indent = block["indent"] + "    "
        return f"\n{indent}def __init__(self, value):\n{indent}    self.value = value\n"
    block = _BLOCK.compiled.match(line)
    if block is not None:
        returns = "return " + _last_parameter(tail) if "def " in tail else "pass"
        return f"\n{block['indent']}    {returns}\n"
    if _IMPORT.compiled.match(line) is not None and "\n" in tail:
        return '\n\n\ndef main():\n    print("Hello, world!")\n\n\nif __name__ == "__main__":\n    main()\n'
    return None


def _parameters(name: str) -> str:
    if name in _SUMS:
        return "a, b"
    return "" if _KNOWN.get(name, "").startswith("print") else "n"


def _body(name: str, parameters: str, indent: str) -> str:
    names = [found for found in _PARAMETER.compiled.findall(re.sub(r"[:=][^,]*", "", parameters)) if found != "self"]
    first = names[0] if names else "None"
    if name in _SUMS and len(names) > 1:
        body = "return " + " + ".join(names)
    elif name in _KNOWN and (names or "{0}" not in _KNOWN[name]):
        body = _KNOWN[name].replace("{0}", first).replace("{name}", name)
    else:
        body = f"return {first}"
    return "\n".join(f"{indent}    {line}" for line in body.split("\n"))


def _last_parameter(tail: str) -> str:
    """The first parameter of the function that the end of the prompt is in."""
    inner = tail.rsplit("def ", 1)[1].partition("(")[2].partition(")")[0]
    names = [found for found in _PARAMETER.compiled.findall(re.sub(r"[:=][^,]*", "", inner)) if found != "self"]
    return names[0] if names else "None"


def _braced(line: str) -> str | None:
    opened = _FUNCTION.compiled.match(line)
    if opened is not None:
        given = opened["rest"].strip(" ,")
        first = given.partition(",")[0].strip() or "value"
        return f"{'' if given else 'value'}) {{\n  return {first};\n}}\n"
    block = _BRACES.compiled.match(line)
    if block is None:
        return None
    inner = block["indent"]
    found = _PARAMETER.compiled.findall(line.partition("(")[2].partition(")")[0])
    said = f"return {found[0]};" if found else "return 0;"
    return f"\n{inner}  {said}\n{inner}}}\n"


def _sql(line: str) -> str | None:
    match = _SQL.compiled.match(line)
    if match is None:
        return None
    rest = match["rest"]
    space = "" if line.endswith(" ") else " "
    if not line.lstrip().upper().startswith("SELECT"):
        # Only what asks for data is finished: other statements would need names that the prompt does not tell.
        return ";\n" if rest.strip() else None
    upper = rest.upper()
    if " FROM" in upper:
        return f"{space}sample;\n" if upper.rstrip().endswith(" FROM") else ";\n"
    return f"{space}FROM sample;\n" if rest.strip() else f"{space}* FROM sample;\n"
