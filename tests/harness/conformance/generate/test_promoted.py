import pytest

from understudy_harness.conformance.generate.promoted import as_case, case_table, file_name, written
from understudy_harness.conformance.generate.relations import RELATIONS
from understudy_harness.conformance.truth import parse_truth

ABLE = ("chat", "stream", "responses", "tools", "n", "retries", "parallel", "cancel")


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.id)
def test_every_way_of_every_relation_is_a_case_that_can_be_loaded(relation) -> None:
    """Also written down; and the pieces of each answer are the answer."""
    for stage in relation.stages(ABLE):
        for name, parameter in stage.parameters.items():
            for value in parameter.values:
                plain = {each: other.values[0] for each, other in stage.parameters.items()}
                for seed in stage.seeds:
                    table = case_table(relation, stage.table({**plain, name: value}, seed))
                    case = as_case(table)
                    assert case.id.startswith("P.")
                    assert len(written([table]).split("[[case]]")[1].splitlines()) < 40
                    for answer in case.answers.values():
                        for choice in parse_truth(answer).choices:
                            assert "".join(choice.cut) == (choice.text or "")


def test_one_failure_has_one_id() -> None:
    """By its content; so that a folder can hold many, and the same one but once."""
    relation = RELATIONS[1]
    (stage, *_) = relation.stages(ABLE)
    ways = [{"chunks": chunks, "segments": (), "gzip": False, "pause": False} for chunks in ((1,), (1,), (2,))]
    first, again, other = (case_table(relation, stage.table(way, stage.seeds[0])) for way in ways)
    assert first["id"] == again["id"] != other["id"]
    assert file_name(first) == f"P-{first['id'][2:]}.toml"
