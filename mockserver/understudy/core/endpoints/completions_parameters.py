"""What `POST /v1/completions` accepts, and how it refuses the rest.

Sources: the OpenAPI document 2026-08-21 for names and ranges; recorded refusals of 2025-08 to 2025-09, which have the
words of chat's; widely reported texts of 2022 to 2026 for the rules between parameters.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from understudy.core import errors
from understudy.core.catalog import Model
from understudy.core.endpoints.sampling import (
    LAST_TOKEN,
    check_biased_tokens,
    check_logit_bias,
    check_stop,
    check_stream_options,
    check_streamed,
)
from understudy.core.logprobs import MAX_ENTRIES
from understudy.core.media import Media, Vocabulary
from understudy.core.parameters import Check, anything, boolean, check_all, integer, number, optional, string

DEFAULT_TOKENS = 16
DOCUMENT_END = "<|endoftext|>"
"""The prompt when there is none, and one token wherever it is a whole prompt; so is an empty one ("our choice")."""
MOST_COMPLETIONS = 128
"""Completions of one request, candidates of `best_of` included ("our choice"; 20 prompts were reported in 2022)."""
MOST_SCORED = 2_048
"""Prompts of a request that generates nothing."""


class Prompt(msgspec.Struct, frozen=True):
    """One prompt of a request.

    Attributes:
        text: its text.
        tokens: as they were sent; None where it was sent as text.
    """

    text: str
    tokens: tuple[int, ...] | None = None

    def count(self, vocabulary: Vocabulary, encoding: str) -> int:
        """How many tokens it has."""
        if self.tokens is not None:
            return len(self.tokens)
        return 1 if self.text in ("", DOCUMENT_END) else vocabulary.count(self.text, encoding)

    def encode(self, vocabulary: Vocabulary, encoding: str) -> list[int]:
        """Its tokens."""
        if self.tokens is not None:
            return list(self.tokens)
        if self.text == DOCUMENT_END:
            return [LAST_TOKEN[encoding]]
        return vocabulary.encode(self.text, encoding)


def _check_prompt(path: str, value: Any) -> None:
    if type(value) is str or value is None:
        return
    if type(value) is not list:
        raise _no_prompt(path, value)
    if not value:
        raise errors.empty_array(path)
    kind = type(value[0])
    if kind not in (str, int, list):
        raise _no_prompt(path, value)
    for index, element in enumerate(value):
        if type(element) is not kind:
            raise _no_prompt(path, value)
        if kind is list:
            if not element:
                raise errors.empty_array(f"{path}[{index}]")
            if any(type(token) is not int for token in element):
                raise _no_prompt(path, value)


def _no_prompt(path: str, value: object) -> errors.BadRequest:
    expected = "one of a string, array of strings, array of integers, or array of integer arrays"
    return errors.wrong_type(path, expected, value)


PARAMETERS: dict[str, Check] = {
    "model": anything,
    "prompt": _check_prompt,
    "suffix": optional(string()),
    "max_tokens": optional(integer(0)),
    "temperature": optional(number(0, 2)),
    "top_p": optional(number(0, 1)),
    "n": optional(integer(1, 128)),
    "stream": optional(boolean),
    "stream_options": optional(check_stream_options),
    "logprobs": optional(integer(0, 5)),
    "echo": optional(boolean),
    "stop": optional(check_stop),
    "presence_penalty": optional(number(-2, 2)),
    "frequency_penalty": optional(number(-2, 2)),
    "best_of": optional(integer(0, 20)),
    "logit_bias": optional(check_logit_bias),
    "user": optional(string()),
    "seed": optional(integer(-(2**63), 2**63 - 1)),
}


def prompts_of(body: Mapping[str, Any], vocabulary: Vocabulary, encoding: str) -> list[Prompt]:
    """The prompts of a checked body, in order."""
    given = body.get("prompt")
    if given is None:
        return [Prompt(DOCUMENT_END)]
    if type(given) is str:
        return [Prompt(given)]
    if type(given[0]) is str:
        return [Prompt(text) for text in given]
    lists = [given] if type(given[0]) is int else given
    return [Prompt(_text_of(tokens, vocabulary, encoding), tuple(tokens)) for tokens in lists]


def _text_of(tokens: Sequence[int], vocabulary: Vocabulary, encoding: str) -> str:
    return b"".join(vocabulary.token_bytes(token, encoding) for token in tokens).decode("utf-8", "replace")


def wanted(body: Mapping[str, Any]) -> tuple[int, int]:
    """How many completions of each prompt are given, and of how many candidates; `best_of` 0 is none given."""
    count = body.get("n") or 1
    return count, body.get("best_of") or count


def limit_of(body: Mapping[str, Any]) -> int:
    """The most tokens of one completion."""
    limit = body.get("max_tokens")
    return DEFAULT_TOKENS if limit is None else limit


def check(body: dict[str, Any], model: Model, media: Media) -> None:
    """Refuse what the real API refuses.

    Raises:
        BadRequest: with the real message, param and code where they are known.
    """
    check_all(body, PARAMETERS)
    _check_together(body, model)
    encoding, vocabulary = model.encoding, media.vocabulary
    last = LAST_TOKEN[encoding]
    if body.get("logit_bias"):
        check_biased_tokens(body["logit_bias"], encoding)
    given = body.get("prompt")
    if type(given) is list and type(given[0]) is not str:
        for tokens in [given] if type(given[0]) is int else given:
            for token in tokens:
                if not 0 <= token <= last:
                    raise errors.BadRequest(
                        f"Invalid token in prompt: {token}. Minimum value is 0, maximum value is {last} (inclusive)."
                    )
    prompts = prompts_of(body, vocabulary, encoding)
    limit = limit_of(body)
    _check_count(len(prompts), wanted(body)[1], limit)
    # What stands behind the gap is read like what stands before it.
    suffix = vocabulary.count(body.get("suffix") or "", encoding)
    total = 0
    for prompt in prompts:
        count = prompt.count(vocabulary, encoding) + suffix
        total += count
        if count + limit > model.context_window:
            raise _too_long(model.context_window, count, limit)
    if body.get("echo") and body.get("logprobs") is not None and total * (1 + body["logprobs"]) > MAX_ENTRIES:
        raise errors.BadRequest(
            f"Invalid 'logprobs': the {total} tokens of the prompts with {body['logprobs']} alternatives each are more "
            f"than the {MAX_ENTRIES} that are listed at once.",
            param="logprobs",
        )


def _check_together(body: Mapping[str, Any], model: Model) -> None:
    count, candidates = wanted(body)
    if candidates < count:
        raise errors.BadRequest(
            "You requested that the server return more choices than it will generate (HINT: you must set 'n' "
            f"(currently {count}) to be at most 'best_of' (currently {candidates}), or omit either parameter if you "
            "don't specifically want to use them.)"
        )
    check_streamed(body)
    if body.get("stream") and candidates > count:
        # That it cannot be streamed is documented, the words are "our choice".
        raise errors.BadRequest("Results cannot be streamed when 'best_of' is greater than 'n'.", param="best_of")
    if body.get("suffix") is not None and "insert" not in model.abilities:
        # Met on gpt-3.5-turbo-instruct in its first days (reported 2023-09).
        raise errors.BadRequest("Unrecognized request argument supplied: suffix")
    if body.get("suffix") is not None and body.get("echo"):
        raise errors.BadRequest("Setting 'echo' and 'suffix' at the same time is not supported.")  # "our choice"
    if body.get("echo") and body.get("logprobs") is not None and "prompt_logprobs" not in model.abilities:
        # Reported 2023-10 to 2024-07 of gpt-3.5-turbo-instruct.
        raise errors.BadRequest("Setting 'echo' and 'logprobs' at the same time is not supported for this model.")


def _check_count(prompts: int, candidates: int, limit: int) -> None:
    most = MOST_COMPLETIONS if limit else MOST_SCORED
    if prompts * candidates > most:
        # The unpaired parenthesis is the real text's (reported 2022 to 2023).
        raise errors.BadRequest(
            f"Too many parallel completions requested. You submitted {prompts} prompts, but you can currently request "
            f"up to at most a total of {most // candidates}). Please contact us through our help center at "
            "help.openai.com for further questions. (HINT: if you want to just evaluate probabilities without "
            "generating new text, you can submit more prompts if you set 'max_tokens' to 0.)"
        )


def _too_long(window: int, prompt: int, completion: int) -> errors.BadRequest:
    """The words of completions, `param` and `code` null (reported 2022 to 2024)."""
    return errors.BadRequest(
        f"This model's maximum context length is {window} tokens, however you requested {prompt + completion} tokens "
        f"({prompt} in your prompt; {completion} for the completion). Please reduce your prompt; or completion length."
    )
