"""A service that summarises texts."""

from __future__ import annotations

import openai
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

app = FastAPI()


class Text(BaseModel):
    """What is to be summarised."""

    text: str


@app.post("/summaries")
async def summarise(given: Text) -> dict[str, str]:
    """A summary in one sentence."""
    async with openai.AsyncOpenAI(max_retries=0) as client:
        try:
            answer = await client.chat.completions.create(
                model="gpt-4o-mini",
                messages=[{"role": "user", "content": f"Summarise in one sentence: {given.text}"}],
            )
        except openai.RateLimitError as refused:
            again = refused.response.headers.get("retry-after")
            headers = None if again is None else {"retry-after": again}
            raise HTTPException(503, "The model is busy.", headers) from None
    return {"summary": answer.choices[0].message.content or ""}
