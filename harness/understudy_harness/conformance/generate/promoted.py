"""From an example that breaks a relation to a file of cases, which needs nothing of the generator to be run."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from understudy_harness.conformance.case import Case, Group
from understudy_harness.conformance.case_files import GENERATED, PROMOTED
from understudy_harness.conformance.case_reader import parse_cases
from understudy_harness.conformance.expectations import Slack
from understudy_harness.conformance.generate.relations import Relation
from understudy_harness.conformance.generate.toml import key, line, value

Table = dict[str, Any]
ABOUT = "Each was found by a generated relation and made as small as possible."
SLACK = Slack(early_s=0.05, late_share=0.5, late_s=2.0)
TIDY = ("no_secret", "sockets_closed_within(2)", "no_late_request", "no_unclosed_warning")
_GROUP: Table = {
    "id": PROMOTED,
    "title": "Promoted",
    "about": ABOUT,
    "slack": {"early_s": SLACK.early_s, "late_share": SLACK.late_share, "late_s": SLACK.late_s},
    "tidy": list(TIDY),
}


def case_table(relation: Relation, example: Mapping[str, Any]) -> Table:
    """An example as a whole case table; its number is made of its content, so that one failure has one id."""
    content = json.dumps(example, sort_keys=True, default=list).encode()
    number = int.from_bytes(hashlib.sha256(content).digest()[:4], "big") % 100_000
    name = relation.id.lower()
    head: Table = {"id": f"{PROMOTED}.{number}-{name}", "title": relation.title, "rationale": relation.rationale}
    level, needs = example["level"], list(dict.fromkeys(example["needs"]))
    head |= {"level": level, "seat": ["D"], "needs": needs, "references": [f"generated: {relation.id}"]}
    return {**head, **{name: told for name, told in example.items() if name not in head}}


def as_case(table: Table) -> Case:
    """A case table as the case that the engine runs."""
    (case,) = parse_cases({"group": _GROUP, "case": [table]}, "generated")
    return case


def generated_group(source: str) -> Group:
    """The group that relations are reported in; `source` is the file in which their example is found."""
    return Group(GENERATED, "Generated", ABOUT, SLACK, TIDY, "generated", "", source)


def file_name(table: Mapping[str, Any]) -> str:
    """The name of the file of one case: `P-48213-m3-framing.toml`."""
    return f"{str(table['id']).replace('.', '-', 1)}.toml"


def written(tables: Iterable[Mapping[str, Any]]) -> str:
    """A file of cases, as TOML."""
    told = list(tables)
    shown = ", ".join(str(table["id"]) for table in told)
    lines = [f"# Written by `understudy conform generate` or `promote`: {shown}.", "", "[group]"]
    lines += [line(name, each) for name, each in _GROUP.items()]
    for table in told:
        lines += ["", *_case(table)]
    return "\n".join(lines) + "\n"


def _case(table: Mapping[str, Any]) -> Iterable[str]:
    yield "[[case]]"
    for name, each in table.items():
        if name == "serve":
            yield "serve = ["
            yield from (f"    {value(step)}," for step in each)
            yield "]"
        elif name not in ("answers", "expect"):
            yield line(name, each)
    for name, answer in table.get("answers", {}).items():
        yield f"[case.answers.{key(name)}]"
        yield from (line(field, each) for field, each in answer.items())
    yield "[case.expect]"
    yield from (line(field, each) for field, each in table["expect"].items())
