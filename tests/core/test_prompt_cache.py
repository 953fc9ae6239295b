"""Beginnings of prompts: to whom they are known, and how many are kept."""

import pytest

from understudy.core import prompt_cache
from understudy.core.clock import MINUTE
from understudy.core.prompt_cache import PromptCache

PROMPT = list(range(1_300))


def test_a_beginning_is_known_to_its_organization_alone_until_it_is_forgotten() -> None:
    """1,280 of 1,300 tokens; another organization, another route and one that was forgotten know nothing."""
    cache = PromptCache()
    assert cache.reuse("org-a", b"gpt", PROMPT, 0) == 0
    assert cache.reuse("org-a", b"gpt", PROMPT, MINUTE) == 1_280
    assert cache.reuse("org-b", b"gpt", PROMPT, MINUTE) == 0
    assert cache.reuse("org-a", b"other", PROMPT, MINUTE) == 0
    cache.forget("org-a")
    assert len(cache) == 3
    assert cache.reuse("org-a", b"gpt", PROMPT, MINUTE) == 0
    assert cache.reuse("org-b", b"gpt", PROMPT, MINUTE) == 1_280


def test_what_was_used_longest_ago_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the organization that was used longest ago; the number of all is bounded."""
    monkeypatch.setattr(prompt_cache, "BEGINNINGS_KEPT", 7)
    cache = PromptCache()
    for name in ("org-a", "org-b", "org-c"):
        cache.reuse(name, b"", PROMPT, 0)
    assert len(cache) == 7
    assert cache.reuse("org-c", b"", PROMPT, 1) == 1_280
    assert cache.reuse("org-b", b"", PROMPT, 1) == 1_280
    assert cache.reuse("org-a", b"", PROMPT, 1) == 0
    cache.clear()
    assert len(cache) == 0


def test_a_short_prompt_leaves_nothing_behind() -> None:
    """Not even its organization's name."""
    cache = PromptCache()
    cache.reuse("org-a", b"", PROMPT[:1_024], 0)
    assert len(cache) == 0
    cache.forget("org-a")
