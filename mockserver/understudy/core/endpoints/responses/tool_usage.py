"""The counters of tools in a response (recorded 2026-08, all 0)."""

from typing import Any

from understudy.core.pricing import Usage


def tool_usage(searches: int, beside: list[tuple[Usage, str]]) -> dict[str, Any]:
    """What pictures came to, and how often the web was searched.

    Args:
        searches: of the web.
        beside: what all tools used, each with the name of its price.
    """
    text = sum(usage.text_in for usage, _ in beside)
    image = sum(usage.image_out for usage, _ in beside)
    return {
        "image_gen": {
            "input_tokens": text,
            "input_tokens_details": {"image_tokens": 0, "text_tokens": text},
            "output_tokens": image,
            "output_tokens_details": {"image_tokens": image, "text_tokens": 0},
            "total_tokens": text + image,
        },
        "web_search": {"num_requests": searches},
    }


NO_TOOLS = tool_usage(0, [])
"""Before any was used."""
