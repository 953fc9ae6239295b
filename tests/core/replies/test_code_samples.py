"""The short blocks of code."""

import ast
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.core.replies.code_samples import code_sample
from understudy.core.replies.text import Turn, compose


@pytest.mark.parametrize(
    ("message", "fence"),
    [
        ("Write a Python function that reverses a string", "python"),
        ("Write a function that adds numbers", "python"),
        ("Implement a debounce function in TypeScript", "typescript"),
        ("Show me a JavaScript snippet", "javascript"),
        ("Give me an SQL query for late orders", "sql"),
        ("Write a bash script that counts files", "bash"),
        ("Write a C++ class for matrices", "cpp"),
        ("Schreibe eine Funktion in Rust, die Zahlen addiert", "rust"),
        ("Escribe una función en Go", "python"),
        ("Pythonでフィボナッチの関数を書いてください", "python"),
        ("用Java写一个函数", "java"),
    ],
)
def test_a_request_for_code_gets_a_fenced_block(message: str, fence: str):
    """A sentence, then a block in the language that was named."""
    answer = compose([Turn("user", message)], b"seed")
    assert re.search(rf"\n\n```{fence}\n[^`]+\n```\Z", answer)


def test_the_function_is_named_after_the_topic():
    """The name and the comment show which request made the code."""
    sample = code_sample("Write a Python function that reverses a string", "function that reverses a string")
    assert "def reverses_string(value):" in sample
    assert "Sample for: function that reverses a string." in sample


@given(st.text(max_size=80))
def test_python_samples_compile_whatever_the_topic(topic: str):
    """Quotation marks, backslashes, keywords and foreign letters in the topic do no harm."""
    sample = code_sample("python", topic)
    assert sample.startswith("```python\n")
    ast.parse(sample.removeprefix("```python\n").removesuffix("\n```"))
    assert sample.count("```") == 2
