from decimal import Decimal

import pytest
from pipeline import Pipeline

from understudy_harness.expect import expect

pytest.importorskip("openai", reason="needs openai")
pytest.importorskip("PIL", reason="needs understudy[images]")
PROMPTS = ["a red kite", "a blue boat", "a green hill", "a lighthouse", "three apples"]


def test_it_stops_before_the_budget_is_used_up(mockserver, openai_client):
    before = mockserver.account.balance
    pipeline = Pipeline(openai_client, Decimal("0.008"))
    pictures = pipeline.make(PROMPTS)
    assert 0 < len(pictures) < len(PROMPTS)
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert pipeline.spent <= Decimal("0.008")
    assert before - mockserver.account.balance == pipeline.spent


@pytest.mark.understudy(tier=1, credits="0.001")
def test_the_accounts_own_money_may_end_first(mockserver, openai_client):
    client = openai_client.with_options(max_retries=0)
    with pytest.raises(Exception, match=r"billing|quota|limit"):
        Pipeline(client, Decimal(1)).make(PROMPTS)
    expect(mockserver.journal).to("/v1/images/generations").called(2)
