import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy_harness.conformance.generate.toml import line, value
from understudy_harness.conformance.generate.truths import LETTERS, PIECES

_texts = st.text(st.characters(codec="utf-8"))
_values = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(_texts, _values)
def test_what_is_written_is_read_as_it_was(name: str, told: Any) -> None:
    """By Python's own reader; each value on one line that any screen shows."""
    written = line(name, told)
    assert tomllib.loads(written) == {name: told}
    assert written.isprintable()


@pytest.mark.parametrize("text", [*LETTERS, *PIECES])
def test_letters_that_are_hard_to_carry_are_carried(text: str) -> None:
    """Those that generated answers are made of."""
    assert tomllib.loads(line("key", text)) == {"key": text}


def test_what_toml_has_not_is_refused() -> None:
    """It has no null."""
    with pytest.raises(TypeError, match="TOML has no NoneType"):
        value(None)
