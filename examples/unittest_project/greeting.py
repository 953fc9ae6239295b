"""Greets people by name."""

from __future__ import annotations

import openai


def greeting(client: openai.OpenAI, name: str) -> str:
    """What to say to somebody."""
    answer = client.responses.create(model="gpt-4o-mini", input=f"Greet {name} in one sentence.")
    return answer.output_text.strip()
