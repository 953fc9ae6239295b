"""A short block of code in the language that a message names: it runs, does nothing, and says what it stands for."""

import re
import unicodedata

from understudy.core.replies.languages.english import ENGLISH
from understudy.core.replies.languages.language import words
from understudy.core.replies.lazy_pattern import LazyPattern

_NAMED = LazyPattern(
    r"(?<![A-Za-z0-9_.])(?:(?P<typescript>typescript|ts)|(?P<javascript>javascript|js|node(?:\.js)?)|(?P<python>python|py)|"
    r"(?P<csharp>c#|csharp|\.net)|(?P<cpp>c\+\+|cpp)|(?P<java>java)|(?P<go>golang|go (?:function|code|program)|in go)|"
    r"(?P<rust>rust)|(?P<ruby>ruby)|(?P<php>php)|(?P<sql>sql)|(?P<html>html)|"
    r"(?P<bash>bash|shell))(?![A-Za-z0-9_])"
)
_UNSAFE = LazyPattern(r"[^\w ,.-]+", re.NOFLAG)
_NAME_PART = LazyPattern(r"[A-Za-z][A-Za-z0-9]*", re.NOFLAG)
# Words of the request rather than of what the code shall do.
_NOT_IN_NAMES = ENGLISH.stop_words | words(
    "python javascript typescript js ts node java go golang rust ruby php sql html bash shell simple short small"
)
_DASHES = LazyPattern(r"--+", re.NOFLAG)
_MOST_NAME_PARTS = 3
_RESERVED = words(
    "and as assert async await break case catch class const continue default def del delete do elif else enum except "
    "export extends false final finally fn for from func function global go goto if impl import in interface is lambda "
    "let loop match mod move mut new nil none nonlocal not null or package pass private protected public pub raise "
    "range ref return select self static struct super switch this throw trait true try type typeof unsafe use using "
    "var void where while with yield main print println printf console"
)
# Whole programs or definitions, which do nothing.
_SAMPLES = {
    "python": """\
def {snake}(value):
    \"\"\"Sample for: {note}.\"\"\"
    return value


print({snake}("sample"))""",
    "javascript": """\
// Sample for: {note}
function {camel}(value) {
  return value;
}

console.log({camel}("sample"));""",
    "typescript": """\
// Sample for: {note}
function {camel}<T>(value: T): T {
  return value;
}

console.log({camel}("sample"));""",
    "java": """\
// Sample for: {note}
final class Sample {
    static <T> T {camel}(T value) {
        return value;
    }
}""",
    "csharp": """\
// Sample for: {note}
public static class Sample
{
    public static T {pascal}<T>(T value) => value;
}""",
    "cpp": """\
// Sample for: {note}
template <typename T>
T {snake}(T value) {
    return value;
}""",
    "go": """\
package main

// Sample for: {note}
func {camel}(value string) string {
    return value
}

func main() {
    println({camel}("sample"))
}""",
    "rust": """\
// Sample for: {note}
fn {snake}<T>(value: T) -> T {
    value
}

fn main() {
    println!("{}", {snake}("sample"));
}""",
    "ruby": """\
# Sample for: {note}
def {snake}(value)
  value
end""",
    "php": """\
<?php
// Sample for: {note}
function {camel}($value)
{
    return $value;
}""",
    "sql": """\
-- Sample for: {note}
SELECT 'sample' AS {snake};""",
    "html": """\
<!-- Sample for: {note} -->
<p>Sample</p>""",
    "bash": """\
# Sample for: {note}
{snake}() {
  printf '%s\\n' "$1"
}

{snake} "sample\"""",
}


def code_sample(text: str, topic: str) -> str:
    """A fenced block of code; see `bare_code`."""
    kind, code = bare_code(text, topic)
    return f"```{kind}\n{code}\n```"


def bare_code(text: str, topic: str) -> tuple[str, str]:
    """The name of a programming language, and code in it.

    Args:
        text: the message; names the programming language, Python if it names none.
        topic: gives the function its name and the comment its words.
    """
    named = _NAMED.compiled.search(text)
    kind = (named.lastgroup if named is not None else None) or "python"
    parts = _name_parts(topic)
    # In an HTML comment two dashes would end it.
    note = _DASHES.compiled.sub("-", _UNSAFE.compiled.sub(" ", topic)).strip(" .-") or "sample"
    code = (
        _SAMPLES[kind]
        .replace("{snake}", "_".join(parts))
        .replace("{camel}", parts[0] + "".join(part.capitalize() for part in parts[1:]))
        .replace("{pascal}", "".join(part.capitalize() for part in parts))
        .replace("{note}", " ".join(note.split()))
    )
    return kind, code


def _name_parts(topic: str) -> list[str]:
    """Lower-case words for a function's name."""
    plain = unicodedata.normalize("NFKD", topic).encode("ascii", "ignore").decode()
    named = (part.lower() for part in _NAME_PART.compiled.findall(plain))
    parts = [part for part in named if part not in _NOT_IN_NAMES][:_MOST_NAME_PARTS]
    if not parts:
        return ["sample"]
    return ["sample", *parts] if parts[0] in _RESERVED else parts
