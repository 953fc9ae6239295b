"""Instructor: objects, lists, nested ones, on their way; by tools and by JSON schema."""

import sys

sys.path.pop(0)

from enum import Enum

import instructor
import openai
from pydantic import BaseModel, Field


class Colour(Enum):
    """Of three."""

    RED = "red"
    GREEN = "green"
    BLUE = "blue"


class Address(BaseModel):
    """Where somebody lives."""

    city: str
    number: int = Field(ge=1, le=500)


class Person(BaseModel):
    """Somebody."""

    name: str
    age: int
    colour: Colour
    homes: list[Address] = Field(min_length=1, max_length=3)


MESSAGES = [{"role": "user", "content": "Ada is 36 years old, likes green and lives in London."}]

for mode in (instructor.Mode.TOOLS, instructor.Mode.JSON, instructor.Mode.JSON_SCHEMA):
    client = instructor.from_openai(openai.OpenAI(), mode=mode)
    person = client.chat.completions.create(
        model="gpt-4o-mini", messages=MESSAGES, response_model=Person, max_retries=0
    )
    assert isinstance(person, Person)
    if mode is instructor.Mode.TOOLS:
        assert person.colour is Colour.GREEN, person
    print("objects by", mode.value)

client = instructor.from_openai(openai.OpenAI())
people = list(client.chat.completions.create_iterable(model="gpt-4o-mini", messages=MESSAGES, response_model=Person))
assert people
assert all(isinstance(person, Person) for person in people)
print("iterables")

# Its partial objects cannot hold enumerations, whatever the server says.
shown = list(client.chat.completions.create_partial(model="gpt-4o-mini", messages=MESSAGES, response_model=Address))
assert len(shown) > 3
assert shown[-1].city == "London", shown[-1]
print("partial objects")
