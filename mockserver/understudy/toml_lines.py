"""Where something stands in a TOML file: Python's reader tells no lines, and people need them."""

import re
from collections.abc import Iterator

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*([A-Za-z0-9_."'\s-]+?)\s*=""")
_LONG = re.compile(r'"""|\'\'\'')


def line_of(text: str, table: str, position: int, key: str) -> int | None:
    """The line of a key in one table of an array of tables, or of as much of the key's path as can be found.

    Args:
        text: of the file.
        table: name of the array, as in `[[rules]]`.
        position: of the table, from 0.
        key: dotted path below the table, such as `when.model` or `answers[1].reply`.

    Returns:
        The line, from 1; None when there is no such table under a header of its own.
    """
    wanted = [part for part in re.split(r"\.|(?=\[)", key) if part]
    seen, best, depth = -1, None, -1
    prefix: list[str] = []
    counts: dict[str, int] = {}
    for number, line in _code_lines(text):
        header = _HEADER.match(line)
        if header is not None:
            name = _plain(header[2])
            if name == table and header[1] == "[[":
                seen, prefix, counts = seen + 1, [], {}
                if seen == position:
                    best, depth = number, 0
                continue
            inside = name.startswith(f"{table}.")
            prefix = name[len(table) + 1 :].split(".") if inside else ["//elsewhere"]
            if inside and header[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                prefix.append(f"[{counts[name]}]")
            path = prefix
        else:
            found = _KEY.match(line)
            if found is None:
                continue
            path = [*prefix, *_plain(found[1]).split(".")]
        if seen == position and wanted[: len(path)] == path and len(path) > depth:
            best, depth = number, len(path)
    return best


def _plain(name: str) -> str:
    return re.sub(r"[\"'\s]", "", name)


def _code_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, without those inside a text of several lines."""
    closing = ""
    for number, line in enumerate(text.splitlines(), 1):
        if closing:
            _, found, line = line.partition(closing)
            if not found:
                continue
            closing = ""
        else:
            yield number, line
        for quotes in _LONG.findall(line):
            closing = "" if quotes == closing else closing or quotes
