"""`@given` together with our fixtures: no health check complains, and each example starts clean."""

from __future__ import annotations

import pytest
from tests.projects import without_plugins


def test_each_example_starts_clean(pytester: pytest.Pytester) -> None:
    """Journal, clock, rules and balance; the marker's account holds for every example."""
    pytester.makepyfile(
        """
        import pytest
        from hypothesis import given, settings
        from hypothesis import strategies as st

        HELLO = [{"role": "user", "content": "Say hello"}]

        @given(number=st.integers())
        @settings(max_examples=20, deadline=None)
        def test_clean(number, mockserver, openai_client):
            assert len(mockserver.journal) == 0
            assert str(mockserver.account.balance) == "1000.00"
            assert not mockserver.rules
            mockserver.rules.when(last_message="hello").reply("Hi")
            openai_client.chat.completions.create(model="gpt-4o", messages=HELLO)
            mockserver.clock.advance(1)
            assert len(mockserver.journal) == 1

        @pytest.mark.understudy(tier=1, credits="5.00")
        @given(number=st.integers())
        @settings(max_examples=5, deadline=None)
        def test_marked(number, mockserver, openai_client):
            assert (mockserver.account.tier, str(mockserver.account.balance)) == ("tier1", "5.00")
            openai_client.chat.completions.create(model="gpt-4o", messages=HELLO)

        class TestMethods:
            @given(number=st.integers())
            @settings(max_examples=5, deadline=None)
            def test_clean(self, number, mockserver):
                assert len(mockserver.journal) == 0
                mockserver.rules.when(last_message="hello").reply("Hi")
                assert len(list(mockserver.rules)) == 1
        """
    )
    pytester.runpytest_subprocess(*without_plugins("hypothesispytest"), "-W", "error").assert_outcomes(passed=3)


def test_other_fixtures_are_still_complained_of(pytester: pytest.Pytester) -> None:
    """Only ours start clean by themselves."""
    pytester.makepyfile(
        """
        import pytest
        from hypothesis import given
        from hypothesis import strategies as st

        @pytest.fixture
        def mine():
            return []

        @given(number=st.integers())
        def test_shared(number, mine, mockserver):
            pass

        @given(number=st.integers())
        def test_without_ours(number, mine):
            pass
        """
    )
    result = pytester.runpytest_subprocess(*without_plugins("hypothesispytest"))
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*unction-scoped fixture*"])
