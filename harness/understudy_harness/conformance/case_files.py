"""Cases from where the user says: files of their own, in place of those that come with Understudy or beside them."""

import re
from collections.abc import Iterable
from pathlib import Path

from understudy_harness.conformance.case import Case, CaseError
from understudy_harness.conformance.case_reader import load_cases, read_cases, refuse_doubles

CATALOGUE = "catalogue"
"""The word for the cases that come with Understudy."""
PROMOTED = "P"
"""The group of cases that were generated first."""
GENERATED = "M"
"""The group under which generated relations are reported; no file can have it."""
_GROUP = re.compile(r"[A-Z][A-Za-z0-9_]{0,19}")


def cases_from(places: Iterable[str]) -> tuple[Case, ...]:
    """The cases of several places, in their order; those that come with Understudy where there is none.

    Args:
        places: files, folders of `*.toml` files, or `catalogue`.

    Raises:
        CaseError: a place or a case cannot be used.
    """
    listed = list(dict.fromkeys(places)) or [CATALOGUE]
    cases = tuple(case for place in listed for case in (load_cases() if place == CATALOGUE else _of_place(place)))
    refuse_doubles(cases)
    return cases


def _of_place(place: str) -> tuple[Case, ...]:
    path = Path(place)
    if not path.is_dir():
        return _of_file(path)
    files = sorted(path.glob("*.toml"))
    if not files:
        raise CaseError(place, "the folder holds no file that ends in .toml")
    return tuple(case for file in files for case in _of_file(file))


def _of_file(path: Path) -> tuple[Case, ...]:
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise CaseError(str(path), f"it cannot be read: {problem.strerror}") from None
    cases = read_cases(content, str(path), source=str(path))
    group = cases[0].group.id
    if not _GROUP.fullmatch(group) or group == GENERATED:
        raise CaseError(
            str(path),
            f"[group]: id is {group!r}; numbers are the catalogue's and {GENERATED} is for generated relations: take "
            f"up to 20 letters and digits, first a capital letter, such as {PROMOTED} or Ours",
        )
    return cases
