"""What the simulator asks of an operation of the API.

An operation knows its own wire: how a body is read, what it costs the limiter, what is refused, and how
the answer is written. It decides nothing about keys, money, limits or time.
"""

from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol

from understudy.core import errors
from understudy.core.accounts import Account
from understudy.core.catalog import Model
from understudy.core.errors import ApiError
from understudy.core.limits import Cost
from understudy.core.media import Media
from understudy.core.messages import Request
from understudy.core.pacing import Pacing
from understudy.core.picture_links import PictureLinks
from understudy.core.pricing import Usage
from understudy.core.prompt_cache import PromptCache
from understudy.core.rule_answers import Script
from understudy.core.serialise import decode_object
from understudy.core.spoken_answers import SpokenAnswers
from understudy.core.store import Store

__all__ = ["Call", "ChargedBeside", "Cost", "Operation", "ReadBody", "Reply", "Stepwise", "json_body"]


class ReadBody:
    """What is known of a body from reading it once; bodies that come again (retries, loops) are not read again.

    Nothing in it may be changed by those who use it.

    Attributes:
        value: the decoded JSON object.
        model_name: as requested.
        cost: what the call takes from the buckets.
        fingerprint: of the endpoint and the bytes.
        model: the model it was checked for, None while it has not passed.
        prompt_tokens: of that model's prompt, None while they are not counted.
    """

    __slots__ = ("cost", "fingerprint", "model", "model_name", "prompt_tokens", "value")

    def __init__(self, value: dict[str, Any], model_name: str, cost: Cost, fingerprint: bytes) -> None:
        self.value = value
        self.model_name = model_name
        self.cost = cost
        self.fingerprint = fingerprint
        self.model: Model | None = None
        self.prompt_tokens: int | None = None


class Host(Protocol):
    """What the simulator lends to a call.

    Attributes:
        prompts: the beginnings of prompts that came before.
        spoken: answers that were said aloud.
        pictures: those that answers gave links to.
    """

    prompts: PromptCache
    spoken: SpokenAnswers
    pictures: PictureLinks

    def seed_for(self, account: Account, fingerprint: bytes, repeat: int) -> bytes:
        """32 bytes for (account, endpoint and request, how often the account sent it)."""


class Call:
    """One call that was let in.

    Attributes:
        read: its body.
        body: the decoded JSON of that.
        account: whose call it is.
        now: arrival, microseconds since the epoch.
        model: the one it asks.
        seed: 32 bytes that decide everything by chance in the answer.
        script: what a rule has the model say; None where none is meant.
        request: as it arrived.
        request_id: of the answer.
        keeps: makes what is kept once the answer was sent: kind, id and value for the store; None for nothing.
    """

    __slots__ = (
        "_host", "account", "body", "keeps", "model", "now", "read", "request", "request_id", "script", "seed",
    )  # fmt: skip

    def __init__(self, read: ReadBody, model: Model, account: Account, now: int, seed: bytes, host: Host) -> None:
        self.read = read
        self.body = read.value
        self.account = account
        self.now = now
        self.model = model
        self.seed = seed
        self.script: Script | None = None
        self.request: Request | None = None
        self.request_id = ""
        self.keeps: Callable[[], tuple[str, str, bytes]] | None = None
        self._host = host

    def repeatable_seed(self, fingerprint: bytes) -> bytes:
        """The seed of what does not depend on how often it was asked for, such as an answer at temperature 0.

        Args:
            fingerprint: of all that the answer depends on.
        """
        return self._host.seed_for(self.account, fingerprint, 0)

    def asking(self, body: dict[str, Any]) -> "Call":
        """The same call with another body, for an operation that asks in another one's words."""
        read = ReadBody(body, self.read.model_name, self.read.cost, self.read.fingerprint)
        call = Call(read, self.model, self.account, self.now, self.seed, self._host)
        call.script = self.script
        return call

    @property
    def prompts(self) -> PromptCache:
        """The beginnings of prompts that came before."""
        return self._host.prompts

    @property
    def pictures(self) -> PictureLinks:
        """Pictures that answers gave links to."""
        return self._host.pictures

    @property
    def origin(self) -> str:
        """Scheme, host and port by which the caller reached the server."""
        return "" if self.request is None else self.request.origin

    @property
    def spoken(self) -> SpokenAnswers:
        """Answers that were said aloud."""
        return self._host.spoken


class Reply(Protocol):
    """What an operation answers: a body, or parts of one, and what it came to.

    Attributes:
        content_type: of the 200.
        body: the whole body; None when `parts` makes it.
        due: moment at which the answer (or the head of the stream) may leave; 0 for at once.
        processing: simulated microseconds of work until then.
        service_tier: at whose price it is charged: default, flex or priority.
    """

    content_type: bytes
    body: bytes | None
    due: int
    processing: int
    service_tier: str

    def parts(self) -> Iterator[tuple[int, bytes]]:
        """The parts of a stream with the moment each is due."""

    def usage(self, *, complete: bool) -> Usage:
        """What is charged; of a cut stream only what was made so far."""


class ChargedBeside:
    """A reply that comes to more than its model's tokens: tools have prices of their own."""

    def beside(self) -> list[tuple[Usage, str]]:
        """What else was used, each with the name of its price."""
        raise NotImplementedError


class Operation(Protocol):
    """One method and path.

    Attributes:
        endpoint: the word under which a model's abilities name it ("chat", "images", ...).
        shows_limits: whether its answers carry the rate-limit trios.
        proxied: whether its answers carry `x-openai-proxy-wasm`.
    """

    endpoint: str
    shows_limits: bool
    proxied: bool

    def decode(self, request: Request, names: dict[str, str], media: Media) -> dict[str, Any]:
        """The body as an object, from JSON (see `json_body`) or a form; the edge's error when it is neither.

        Args:
            request: as it arrived.
            names: what stands in the place of the path's parameters.
            media: has the reader of forms.
        """

    def read_model(self, body: dict[str, Any]) -> str:
        """The model's name; the edge's error when there is none."""

    def unknown_model(self, name: str) -> ApiError:
        """The refusal of a model that does not exist or is not for this account."""

    def wrong_model(self, model: Model) -> ApiError:
        """The refusal of a model of another kind."""

    def out_of_credits(self) -> ApiError:
        """The refusal when the balance is spent."""

    def cost(self, body: dict[str, Any]) -> Cost:
        """What a call takes from the buckets; must bear any JSON, since nothing is validated yet."""

    def check(self, body: dict[str, Any], model: Model, media: Media) -> None:
        """Refuse what the real API refuses; raises ApiError."""

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """Make the answer."""


class Stepwise:
    """An operation that needs stored objects for its answer: it gives its reply step by step."""

    def steps(self, call: Call, media: Media, pacing: Pacing, store: Store) -> Generator[Any, Any, Reply]:
        """Make the answer; yields what a store gave back that must be awaited. Raises ApiError."""
        raise NotImplementedError

    def refused(self, call: Call, error: ApiError, media: Media) -> Reply | None:
        """The answer 200 that tells a spent quota or a full bucket in its body, None for the ordinary 429."""
        raise NotImplementedError


def json_body(request: Request) -> dict[str, Any]:
    """The body of a request that must be a JSON object.

    Raises:
        BadRequest: it is none (the edge's words).
    """
    value = decode_object(request.body)
    if value is None:
        raise errors.not_json()
    return value
