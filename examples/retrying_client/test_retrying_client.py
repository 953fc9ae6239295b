import pytest
from retrying_client import GaveUp, ask

from understudy_harness.expect import expect

CHAT = "/v1/chat/completions"
pytestmark = pytest.mark.usefixtures("mockserver_env")


def test_it_answers(mockserver):
    mockserver.rules.when(last_message="capital of France").reply("Paris")
    assert ask("What is the capital of France?") == "Paris"


@pytest.mark.understudy(faults=[{"on": "1-2", "status": 503, "headers": {"retry-after": "20"}}])
def test_it_waits_as_it_is_told(mockserver, virtual_clock):
    with virtual_clock.patch_sleep():
        assert ask("Say hello")
    expect(mockserver.journal).to(CHAT).retried(2).waited_at_least(20).waited_as_told().and_then_succeeded()


@pytest.mark.understudy(tier=1, credits="0.00")
def test_it_stops_when_the_credits_are_gone(mockserver):
    with pytest.raises(GaveUp) as gave_up:
        ask("Say hello")
    assert gave_up.value.code == "insufficient_quota"
    expect(mockserver.journal).never_called_after("insufficient_quota").called(1)


@pytest.mark.understudy(tier=1)
def test_it_bears_the_token_limit_of_tier_1(mockserver, virtual_clock):
    with virtual_clock.patch_sleep():
        for number in range(8):
            ask(f"Question {number}: " + "word " * 6_000, model="gpt-4o")
    expect(mockserver.journal).to(CHAT).waited_as_told()


@pytest.mark.understudy(faults=[{"status": 500}])
def test_it_does_not_try_for_ever(mockserver, virtual_clock):
    with virtual_clock.patch_sleep(), pytest.raises(GaveUp):
        ask("Say hello")
    expect(mockserver.journal).to(CHAT).called(4)
