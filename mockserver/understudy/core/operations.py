"""What the simulator asks of an operation of the API.

An operation knows its own wire: how a body is read, what it costs the limiter, what is refused, and how
the answer is written. It decides nothing about keys, money, limits or time.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from understudy.core.accounts import Account
from understudy.core.catalog import Model
from understudy.core.errors import ApiError
from understudy.core.media import Media
from understudy.core.messages import Request
from understudy.core.pacing import Pacing
from understudy.core.pricing import Usage


class Cost:
    """What a call takes from the buckets beside one request."""

    __slots__ = ("images", "tokens")

    def __init__(self, tokens: int = 0, images: int = 0) -> None:
        self.tokens = tokens
        self.images = images


class Call:
    """One call on its way through the pipeline.

    Attributes:
        request: as it arrived.
        body: its decoded JSON.
        model_name: as requested.
        account: whose call it is.
        now: arrival, microseconds since the epoch.
        model: set once it was found.
        seed: 32 bytes that decide everything by chance in the answer; set at admission.
    """

    __slots__ = ("account", "body", "model", "model_name", "now", "request", "seed")

    model: Model
    seed: bytes

    def __init__(self, request: Request, body: dict[str, Any], model_name: str, account: Account, now: int) -> None:
        self.request = request
        self.body = body
        self.model_name = model_name
        self.account = account
        self.now = now


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

    def usage(self, *, complete: bool) -> tuple[Usage, dict[str, Any]]:
        """What is charged, and the same as the wire says it; of a cut stream only what was made so far."""


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

    def read_model(self, body: dict[str, Any]) -> str:
        """The model's name; the edge's error when there is none."""

    def unknown_model(self, name: str) -> ApiError:
        """The refusal of a model that does not exist or is not for this account."""

    def wrong_model(self, model: Model) -> ApiError:
        """The refusal of a model of another kind."""

    def out_of_credits(self) -> ApiError:
        """The refusal when the balance is spent."""

    def cost(self, call: Call) -> Cost:
        """What the call takes from the buckets; must bear any JSON, since nothing is validated yet."""

    def check(self, call: Call, media: Media) -> None:
        """Refuse what the real API refuses; raises ApiError."""

    def reply(self, call: Call, media: Media, pacing: Pacing) -> Reply:
        """Make the answer."""
