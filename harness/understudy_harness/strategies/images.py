"""Requests of `/v1/images/generations`."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from understudy_harness.strategies.chat import texts

_OPTIONS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "dall-e-2": {
        "size": st.sampled_from(("256x256", "512x512", "1024x1024")),
        "n": st.integers(1, 2),
        "response_format": st.sampled_from(("url", "b64_json")),
    },
    "dall-e-3": {
        "size": st.sampled_from(("1024x1024", "1792x1024", "1024x1792")),
        "quality": st.sampled_from(("standard", "hd")),
        "style": st.sampled_from(("vivid", "natural")),
        "response_format": st.sampled_from(("url", "b64_json")),
    },
    "gpt-image-1-mini": {
        "size": st.sampled_from(("1024x1024", "1536x1024", "1024x1536", "auto")),
        "quality": st.sampled_from(("low", "medium")),
        "background": st.sampled_from(("opaque", "auto")),
        "output_format": st.sampled_from(("png", "webp", "jpeg")),
        "n": st.integers(1, 2),
    },
}


@st.composite
def image_requests(draw: st.DrawFn) -> dict[str, Any]:
    """Bodies that a default account is answered with 200."""
    model = draw(st.sampled_from(sorted(_OPTIONS)))
    chosen = draw(st.fixed_dictionaries({}, optional=_OPTIONS[model]))
    return {"model": model, "prompt": draw(texts), **chosen}
