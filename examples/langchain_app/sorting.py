"""Sorts messages of customers into topics."""

from __future__ import annotations

from typing import Literal

from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI
from pydantic import BaseModel


class Sorted(BaseModel):
    """Where a message belongs."""

    topic: Literal["billing", "shipping", "other"]
    urgent: bool


def sort_message(message: str) -> Sorted:
    """The topic of a message."""
    prompt = ChatPromptTemplate.from_messages([("system", "Sort the message."), ("user", "{message}")])
    chain = prompt | ChatOpenAI(model="gpt-4o-mini", temperature=0).with_structured_output(Sorted)
    found = chain.invoke({"message": message})
    if not isinstance(found, Sorted):
        raise TypeError(f"the model said {found!r}")
    return found
