"""Makes pictures within a budget."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from decimal import Decimal

import openai

MODEL = "gpt-image-1-mini"
TEXT, IMAGE_OUT = Decimal("2.00") / 1_000_000, Decimal("8.00") / 1_000_000
"""US dollars for a token (pricing page, 2026)."""
DEAREST = Decimal("0.004")
"""That one picture of low quality may cost: no other is begun when less is left."""


class Pipeline:
    """Makes pictures until the budget is used up.

    Args:
        client: of the API.
        budget: US dollars.

    Attributes:
        spent: US dollars so far.
    """

    def __init__(self, client: openai.OpenAI, budget: Decimal) -> None:
        self._client = client
        self._budget = budget
        self.spent = Decimal(0)

    def make(self, prompts: Sequence[str]) -> list[bytes]:
        """Pictures of the prompts, as many as the budget has room for."""
        made = []
        for prompt in prompts:
            if self._budget - self.spent < DEAREST:
                break
            answer = self._client.images.generate(model=MODEL, prompt=prompt, quality="low", size="1024x1024")
            if answer.usage is None or not answer.data or answer.data[0].b64_json is None:
                raise ValueError("the answer has no picture")
            self.spent += answer.usage.input_tokens * TEXT + answer.usage.output_tokens * IMAGE_OUT
            made.append(b64decode(answer.data[0].b64_json))
        return made
