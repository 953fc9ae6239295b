import pytest

pytest.importorskip("langchain_openai", reason="needs langchain-openai: pip install -r requirements.txt")

from sorting import Sorted, sort_message

pytestmark = pytest.mark.usefixtures("mockserver_env")


def test_what_the_model_says_is_what_comes_out(mockserver):
    mockserver.rules.when(last_message="invoice").reply(json={"topic": "billing", "urgent": True})
    assert sort_message("My invoice is wrong, help!") == Sorted(topic="billing", urgent=True)


def test_without_a_rule_the_answer_still_fits_the_schema():
    assert sort_message("Where is my parcel?").topic in ("billing", "shipping", "other")


@pytest.mark.understudy(faults=[{"on": 1, "status": 503}])
def test_langchain_tries_again_by_itself(mockserver, virtual_clock):
    with virtual_clock.patch_sleep():
        sort_message("Hello")
    assert [call.status for call in mockserver.journal] == [503, 200]
