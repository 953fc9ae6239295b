"""What the simulator asks of an operation that is not metered: ChatGPT's back end, an organization's own endpoints.

It decides about its own limits, and is charged by its own rules if at all; keys, faults and the journal are the
pipeline's as everywhere.
"""

from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from understudy.core.accounts import Account
from understudy.core.catalog import Catalog, Model
from understudy.core.headers import JSON
from understudy.core.media import Media
from understudy.core.messages import Headers, Request
from understudy.core.operations import Host
from understudy.core.pacing import Pacing
from understudy.core.plans_accounts import Plans
from understudy.core.pricing import PriceList
from understudy.core.rules import Rules
from understudy.core.store import Store
from understudy.core.usage_log import Spent

if TYPE_CHECKING:
    from understudy.core.realtime.calls import Calls
    from understudy.core.realtime.client_secrets import ClientSecrets


class Era(Protocol):
    """What an operation may know of the settings."""

    @property
    def era(self) -> int:
        """The date whose models, prices and interfaces hold, microseconds since the epoch."""


class Surroundings(Host, Protocol):
    """What an operation may use of the simulator."""

    @property
    def catalog(self) -> Catalog:
        """The models."""

    @property
    def settings(self) -> Era:
        """The era."""

    @property
    def plans(self) -> Plans:
        """The plans."""

    @property
    def store(self) -> Store:
        """Accounts."""

    @property
    def media(self) -> Media:
        """Vocabulary."""

    @property
    def prices(self) -> PriceList:
        """What models cost."""

    @property
    def client_secrets(self) -> "ClientSecrets":
        """Ephemeral keys of realtime sessions."""

    @property
    def calls(self) -> "Calls":
        """Realtime sessions by telephone and WebRTC."""

    @property
    def rules(self) -> Rules:
        """What the model says when."""

    def find_model(self, name: str, account: Account) -> Model | None:
        """The model as an account may use it, None when it has none of that name; raises NotFound of a retired one."""


class Visit(msgspec.Struct, frozen=True):
    """One request of an authenticated caller.

    Attributes:
        request: as it arrived.
        body: the decoded JSON object, None when it is none.
        account: whose call it is.
        now: microseconds since the epoch.
        request_id: of the answer.
        pacing: how long the model takes.
        reject_retired: whether what is over is refused.
        simulator: the rest.
        names: what stands in the place of the path's parameters.
    """

    request: Request
    body: dict[str, Any] | None
    account: Account
    now: int
    request_id: str
    pacing: Pacing
    reject_retired: bool
    simulator: Surroundings
    names: dict[str, str] = {}

    @property
    def bearer(self) -> str:
        """The token or key."""
        return (self.request.header(b"authorization") or "").partition(" ")[2].strip()


class Page(msgspec.Struct):
    """An answer: whole, or a stream that is charged when it ends.

    Attributes:
        body: all bytes; of a stream empty.
        status: HTTP status.
        headers: beyond those that every answer has.
        content_type: of the body.
        error: what the journal calls a refusal.
        model: that was asked.
        parts: of a stream: (due, data).
        spent: of a stream: what it came to, told whether it was complete.
        due: the moment the answer may leave, microseconds since the epoch; 0 for at once.
    """

    body: bytes = b""
    status: int = 200
    headers: Headers = []
    content_type: bytes = JSON
    error: str | None = None
    model: str = ""
    parts: Iterator[tuple[int, bytes]] | None = None
    spent: Callable[[bool], Spent] | None = None
    due: int = 0


class Backend(Protocol):
    """One method and path of such a back end."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """Answer; yields what a store gave back that must be awaited. Raises ApiError."""
