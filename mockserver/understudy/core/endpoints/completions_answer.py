"""What legacy completions say: a text for each prompt and choice, cut as the request asks, with its tokens."""

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Any

from understudy.core import ids
from understudy.core.endpoints.completions_parameters import DOCUMENT_END, Prompt, limit_of, prompts_of, wanted
from understudy.core.endpoints.sampling import cut_at_stops, is_greedy
from understudy.core.logprobs import entries, longest_answer
from understudy.core.media import Media, Vocabulary
from understudy.core.operations import Call
from understudy.core.pricing import Usage
from understudy.core.replies.bias import LONGEST_FORCED, Bias
from understudy.core.replies.continuation import before_suffix, continuations
from understudy.core.serialise import encode
from understudy.core.token_pieces import text_of

MOST_TOKENS = 65_536
"""Tokens that models which never stop write in all candidates of a request together ("our choice", to bound memory)."""
_HIDDEN_TOKENS = 55
"""Characters by which the text offsets of an insertion begin later than prompt and suffix are long (recorded 2025-09):
those of the tokens that mark prefix, suffix, middle and the document's end."""
_HEEDED = ("model", "suffix", "temperature", "top_p", "seed", "logit_bias", "presence_penalty", "frequency_penalty")
"""What the words depend on beside the prompt; a higher limit says more of the same."""

Shown = dict[str, list[Any]]
"""A `logprobs` object: tokens, token_logprobs, top_logprobs, text_offset."""
_Decoder = getincrementaldecoder("utf-8")


class Completion:
    """One choice.

    Attributes:
        index: prompt times `n` and choice.
        echoed: the prompt, where it is given back; else empty.
        text: what was made.
        tokens: of that.
        finish_reason: stop or length.
        prompt_logprobs: of the echoed prompt, None where they were not asked for.
        logprobs: of what was made, in order, each as if it stood alone; None where they were not asked for.
    """

    __slots__ = ("echoed", "finish_reason", "index", "logprobs", "prompt_logprobs", "text", "tokens")

    def __init__(self, index: int, text: str, tokens: list[int], finish_reason: str) -> None:
        self.index = index
        self.text = text
        self.tokens = tokens
        self.finish_reason = finish_reason
        self.echoed = ""
        self.prompt_logprobs: Shown | None = None
        self.logprobs: Callable[[], Iterator[Shown]] | None = None


class CompletionsAnswer:
    """All choices and what they come to.

    Attributes:
        choices: in order of their index.
        prompt_tokens, completion_tokens: of all prompts; of all candidates, whether they are shown or not.
        unseen_tokens: of the candidates that are not shown.
    """

    def __init__(self, choices: list[Completion], prompt_tokens: int, unseen_tokens: int) -> None:
        self.choices = choices
        self.prompt_tokens = prompt_tokens
        self.unseen_tokens = unseen_tokens
        self.completion_tokens = unseen_tokens + sum(len(choice.tokens) for choice in choices)

    def usage(self, completion: int) -> Usage:
        """What is charged when so many tokens were made."""
        return Usage(text_in=self.prompt_tokens, text_out=completion)

    def usage_on_the_wire(self) -> dict[str, int]:
        """The `usage` object; it has no details (recorded 2025-09)."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }


def make_answer(call: Call, media: Media) -> CompletionsAnswer:
    """Decide what the model adds to the prompts of a validated request."""
    vocabulary, encoding = media.vocabulary, call.model.encoding
    prompts = prompts_of(call.body, vocabulary, encoding)
    writer = _Writer(call, vocabulary, len(prompts))
    choices: list[Completion] = []
    # Recorded 2025-09: the tokens of an insertion's prompt are those of prompt and suffix.
    prompt_tokens = len(prompts) * vocabulary.count(call.body.get("suffix") or "", encoding)
    unseen = 0
    for place, prompt in enumerate(prompts):
        prompt_tokens += prompt.count(vocabulary, encoding)
        made = writer.write(prompt, place)
        choices += made[: writer.count]
        unseen += sum(len(candidate.tokens) for candidate in made[writer.count :])
    answer = CompletionsAnswer(choices, prompt_tokens, unseen)
    script = call.script
    if script is not None:
        for choice in choices:
            choice.finish_reason = script.finish_reason or choice.finish_reason
        if script.usage is not None:
            if script.usage.prompt_tokens is not None:
                answer.prompt_tokens = script.usage.prompt_tokens
            if script.usage.completion_tokens is not None:
                answer.completion_tokens = script.usage.completion_tokens
    return answer


class _Writer:
    """What is the same for all choices of a call."""

    def __init__(self, call: Call, vocabulary: Vocabulary, prompts: int) -> None:
        body = call.body
        self._call = call
        self._vocabulary = vocabulary
        self._encoding = call.model.encoding
        self.count, self._candidates = wanted(body)
        self._bias = Bias(body.get("logit_bias") or {})
        self._greedy = is_greedy(body)
        self._top: int | None = body.get("logprobs")
        self._suffix: str = body.get("suffix") or ""
        all_choices = prompts * self._candidates
        limit = limit_of(body)
        if self._top is not None:
            limit = min(limit, longest_answer(all_choices, self._top))
        self._limit = limit
        self._share = max(MOST_TOKENS // all_choices, 1)
        abilities = call.model.abilities
        self._kind = "code" if "code" in abilities else "instructed" if "instructed" in abilities else "base"

    def write(self, prompt: Prompt, place: int) -> list[Completion]:
        """All candidates for one prompt, those that are given first."""
        seed = self._seed(prompt, place)
        made: list[tuple[float, Completion]] = []
        for number in range(self._candidates):
            own = seed if number == 0 or self._greedy else ids.letters(seed, 32, b"choice%d" % number).encode()
            completion = self._complete(prompt, own)
            made.append((self._likelihood(completion, own), completion))
            self._show_logprobs(prompt, completion, own)
        if self._candidates > self.count:
            made.sort(key=lambda scored: -scored[0])
        candidates = [completion for _, completion in made]
        for number, completion in enumerate(candidates[: self.count]):
            completion.index = place * self.count + number
        return candidates

    def _seed(self, prompt: Prompt, place: int) -> bytes:
        """Decides the words: with a `seed`, or without any randomness, the same for the same prompt.

        Documented as a best effort; here without exception ("our choice").
        """
        call, body = self._call, self._call.body
        if body.get("seed") is None and not self._greedy:
            return ids.letters(call.seed, 32, b"prompt%d" % place).encode() if place else call.seed
        heeded: list[Any] = [prompt.text, *(body.get(name) for name in _HEEDED)]
        return call.repeatable_seed(blake2b(encode(heeded), person=b"continuation", digest_size=16).digest())

    def _complete(self, prompt: Prompt, seed: bytes) -> Completion:
        limit, vocabulary, encoding = self._limit, self._vocabulary, self._encoding
        bias, body = self._bias, self._call.body
        script = self._call.script
        scripted = None if script is None else script.refusal or script.text
        if bias.forced and scripted is None:
            # Ending the text is a token like any other: it never comes, and the limit ends it.
            share = max(LONGEST_FORCED // self._candidates, 1)
            tokens = bias.forced_tokens(min(limit, share), seed)
            text = text_of(tokens, vocabulary, encoding)
            cut = cut_at_stops(text, body.get("stop"))
            if cut == text:
                return self._completion(prompt, text, tokens, "length")
            return self._completion(prompt, cut, vocabulary.encode(cut, encoding), "stop")
        text = self._say(prompt, seed) if scripted is None else scripted
        text = cut_at_stops(text, body.get("stop"))
        if bias.banned:
            text = bias.without_banned(text, vocabulary, encoding)
        tokens = vocabulary.encode(text, encoding)
        if len(tokens) <= limit:
            return self._completion(prompt, text, tokens, "stop")
        tokens = tokens[:limit]
        text = text_of(tokens, vocabulary, encoding)
        if bias.banned:
            # A cut text may be read as other tokens than it was cut from.
            text = bias.without_banned(text, vocabulary, encoding)
            tokens = vocabulary.encode(text, encoding)[:limit]
        return self._completion(prompt, text, tokens, "length")

    def _completion(self, prompt: Prompt, text: str, tokens: list[int], finish_reason: str) -> Completion:
        completion = Completion(0, text, tokens, finish_reason)
        if self._call.body.get("echo"):
            completion.echoed = prompt.text
        return completion

    def _say(self, prompt: Prompt, seed: bytes) -> str:
        """Enough to run into the limit, or all that the model has to say."""
        # A word is rarely more than one token, so that two stretches nearly always suffice for the default limit.
        most = min(self._limit, self._share)
        begun = "" if prompt.text == DOCUMENT_END else prompt.text
        stretches = continuations(begun, seed, self._kind)
        said = next(stretches)
        if self._suffix:
            return before_suffix(said.rstrip() if self._kind != "code" else said, self._suffix)
        tokens = self._vocabulary.count(said, self._encoding)
        stops = self._call.body.get("stop")
        pieces = [said]
        while tokens <= most and not (stops and cut_at_stops(pieces[-1], stops) != pieces[-1]):
            further = next(stretches, None)
            if further is None:
                break
            pieces.append(further)
            tokens += self._vocabulary.count(further, self._encoding)
        return "".join(pieces)

    def _likelihood(self, completion: Completion, seed: bytes) -> float:
        """The mean log probability of a candidate's tokens, by which `best_of` chooses."""
        if self._candidates == self.count or not completion.tokens:
            return 0.0
        chances: list[float] = [entry["logprob"] for entry in self._entries(completion.tokens, seed)]
        return sum(chances) / len(chances)

    def _entries(self, tokens: Sequence[int], seed: bytes) -> Iterator[dict[str, Any]]:
        return entries(
            tokens,
            self._vocabulary,
            self._encoding,
            seed,
            top=self._top or 0,
            sure=self._greedy,
            banned=self._bias.banned,
        )

    def _show_logprobs(self, prompt: Prompt, completion: Completion, seed: bytes) -> None:
        if self._top is None:
            return
        start = len(prompt.text)
        if self._suffix:
            start += len(self._suffix) + _HIDDEN_TOKENS
        if completion.echoed:
            tokens = prompt.encode(self._vocabulary, self._encoding)
            # The same of a prompt in every choice.
            chances = self._entries(tokens, blake2b(prompt.text.encode("utf-8", "surrogatepass")).digest())
            shown = joined(_one_by_one(chances, 0))
            if tokens:
                # Nothing comes before the first token that it could depend on.
                shown["token_logprobs"][0] = shown["top_logprobs"][0] = None
            completion.prompt_logprobs = shown
        completion.logprobs = lambda: _one_by_one(self._entries(completion.tokens, seed), start)


def _one_by_one(chances: Iterator[dict[str, Any]], start: int) -> Iterator[Shown]:
    """The entries of chat's log probabilities in the shape of completions, each as lists of one."""
    decoder = _Decoder("replace")
    for entry in chances:
        listed = {_spelled(other): other["logprob"] for other in entry["top_logprobs"]}
        # The token that was said is always among them, so that there may be one more than asked for.
        listed.setdefault(_spelled(entry), entry["logprob"])
        yield {
            "tokens": [_spelled(entry)],
            "token_logprobs": [entry["logprob"]],
            "top_logprobs": [listed],
            "text_offset": [start],
        }
        start += len(decoder.decode(bytes(entry["bytes"])))


def _spelled(entry: dict[str, Any]) -> str:
    """The token's text; of one that is no text by itself its bytes, as clients of 2021 to 2023 take them apart."""
    raw = bytes(entry["bytes"])
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "bytes:" + raw.decode("utf-8", "backslashreplace")


def joined(shown: Iterator[Shown]) -> Shown:
    """Several of them as one."""
    whole: Shown = {"tokens": [], "token_logprobs": [], "top_logprobs": [], "text_offset": []}
    for one in shown:
        for name, values in one.items():
            whole[name] += values
    return whole


def logprobs_of(completion: Completion) -> Shown | None:
    """The `logprobs` of a whole choice, its echoed prompt first; None where they were not asked for."""
    made = completion.logprobs
    if made is None:
        return None
    before = completion.prompt_logprobs
    return joined(made() if before is None else chain([before], made()))


def no_logprobs(completion: Completion) -> Shown | None:
    """Those of a chunk without tokens."""
    return None if completion.logprobs is None else joined(iter(()))
