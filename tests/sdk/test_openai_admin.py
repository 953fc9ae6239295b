"""The official Python SDK's admin client, over a real socket: a dashboard's day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

if TYPE_CHECKING:
    from understudy import MockServer

pytestmark = pytest.mark.skipif(not hasattr(openai.OpenAI, "admin"), reason="this SDK has no admin client")


def strictly(answer: Any) -> Any:
    """The answer, once it has passed the SDK's own types."""
    type(answer).model_validate(answer.model_dump(), strict=True)
    return answer


def spend_until_refused(client: openai.OpenAI, ask: dict[str, Any]) -> None:
    while True:
        client.chat.completions.create(**ask)


def test_a_dashboard_reads_true_figures(mockserver: MockServer) -> None:
    """Projects, a service account that chats, its usage, its costs, a spend limit that ends it."""
    with openai.OpenAI(
        base_url=mockserver.base_url, api_key=mockserver.account.key, admin_api_key="sk-admin-0123456789", max_retries=0
    ) as client:
        organization = client.admin.organization
        project = strictly(organization.projects.create(name="search"))
        service = strictly(organization.projects.service_accounts.create(project.id, name="bot"))
        bot = client.with_options(api_key=service.api_key.value)
        ask: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Say hello"}]}
        used = bot.chat.completions.create(**ask).usage
        assert used is not None
        start = mockserver.clock.now() // 1_000_000 - 60
        page = strictly(organization.usage.completions(start_time=start, project_ids=[project.id], group_by=["model"]))
        [result] = [result for bucket in page.data for result in bucket.results]
        assert (result.input_tokens, result.output_tokens) == (used.prompt_tokens, used.completion_tokens)
        costs = strictly(organization.usage.costs(start_time=start, project_ids=[project.id]))
        [cost] = [result for bucket in costs.data for result in bucket.results]
        assert float(cost.amount.value) == pytest.approx(float(mockserver.journal[-3].charge) / 10**12, rel=1e-12)
        limits = [strictly(limit) for limit in organization.projects.rate_limits.list_rate_limits(project.id)]
        assert "gpt-4o" in {limit.model for limit in limits}
        limit = {"threshold_amount": 1, "currency": "USD", "interval": "month"}
        strictly(organization.projects.spend_limit.update(project.id, **limit))
        with pytest.raises(openai.RateLimitError, match="exceeded your current quota"):
            spend_until_refused(bot, ask)
        assert strictly(organization.projects.spend_limit.retrieve(project.id)).enforcement.status == "enforcing"
        strictly(organization.projects.archive(project.id))
        with pytest.raises(openai.AuthenticationError):
            bot.chat.completions.create(**ask)
