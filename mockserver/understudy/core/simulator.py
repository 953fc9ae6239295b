"""The one pipeline: from a request and a moment to an answer.

    authenticate -> fault -> parse -> find the model -> credits -> limits -> validate -> rules -> reply -> charge

The order stands here and nowhere else. What the real API answers before its limiter (401, unknown model, a body
that is no JSON, no model) costs nothing and carries no rate-limit headers; what it answers after (a 400 from
validation) costs a request and shows them (recorded traffic, 2025).

Everything is a function of (state, request, now, seed). The pipeline is a generator so that a store may be
asked over a network: it yields whatever a store gave back that is not yet an answer, and is sent the answer.
"""

from collections.abc import Awaitable, Callable, Generator
from functools import partial
from hashlib import blake2b
from random import Random
from typing import Any

import msgspec

from understudy.core import errors, file_references, headers
from understudy.core.accounts import Account, Admission
from understudy.core.catalog import Catalog, Model
from understudy.core.clock import SECOND, Clock
from understudy.core.documented import Documented
from understudy.core.durations import go_duration
from understudy.core.endpoints.form_fields import FormBody
from understudy.core.errors import ApiError, Layer
from understudy.core.fault_delivery import Delivery
from understudy.core.faults import FAULT_HEADER, FaultError, Faults
from understudy.core.headers import RetryHeaders
from understudy.core.ids import TransportIds
from understudy.core.journal import Journal, JournalEntry
from understudy.core.key_words import KeyWordsError
from understudy.core.limits import Refusal
from understudy.core.logins import account_key
from understudy.core.media import Media, MediaUnavailable
from understudy.core.messages import Answer, Headers, PlainStream, Request
from understudy.core.moves import Moves, World
from understudy.core.operations import Call, ChargedBeside, Operation, ReadBody, Reply, Stepwise
from understudy.core.organizations import Quota
from understudy.core.pacing import NONE, Pacing
from understudy.core.picture_links import PREFIX, PictureLinks, blob_answer
from understudy.core.plans_accounts import Plans
from understudy.core.pricing import PriceList, charge
from understudy.core.prompt_cache import PromptCache
from understudy.core.realtime.calls import Calls
from understudy.core.realtime.client_secrets import PREFIX as SECRET_PREFIX
from understudy.core.realtime.client_secrets import ClientSecrets
from understudy.core.routes import Lookup, Routes
from understudy.core.rules import RuleRequest, Rules
from understudy.core.serialise import decode_object, error_body
from understudy.core.spoken_answers import SpokenAnswers
from understudy.core.store import Store, StoreUnavailable
from understudy.core.stored_files import FileShelf
from understudy.core.terms import AccountTerms, KeyStatus, Starting
from understudy.core.usage_log import Spent, usage_kind
from understudy.core.visits import Backend, Page, Visit

Steps = Generator[Any, Any, Answer]
"""A running pipeline: yields what must be awaited, returns the answer."""

REMEMBERED_BODY = 4 * 1024
REMEMBERED_BODIES = 512
"""Bodies up to this length, and so many of them, are read only once."""

_CODES_OF_2026 = {
    Quota.CREDITS: "credit_balance_exhausted",
    Quota.USAGE: "organization_usage_limit_exceeded",
    Quota.SPEND: "organization_spend_limit_exceeded",
    Quota.PROJECT_SPEND: "project_spend_limit_exceeded",
}
"""As clients match them (2026-08 on); which limit has which is by their names."""

_PREFLIGHT: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"GET, OPTIONS, POST, DELETE"),
    (b"access-control-max-age", b"86400"),
]


class SimulatorSettings(msgspec.Struct, frozen=True):
    """What the pipeline itself needs to know.

    Attributes:
        seed: decides everything by chance.
        era: the date whose models, prices and interfaces hold, microseconds since the epoch; advancing the
            clock does not change it.
        pacing: how long the model takes.
        reject_retired: whether models and interfaces past their shutdown date are refused.
        quota_codes: whether a spent quota is told by the codes of 2026, one for each limit, not by the one of before.
        retry: which headers tell a refused client when to come again.
    """

    seed: int
    era: int
    pacing: Pacing = NONE
    reject_retired: bool = False
    quota_codes: bool = False
    retry: RetryHeaders = RetryHeaders()


class UnknownKeyError(LookupError):
    """A key that is not accepted.

    Attributes:
        key: masked.
    """

    def __init__(self, key: str) -> None:
        self.key = errors.mask_key(key)
        super().__init__(f"the key {self.key} is not in the keys file")


class Simulator:
    """The simulated API.

    Args:
        settings: see there.
        catalog: the models.
        prices: what they cost.
        plans: of ChatGPT logins.
        clock: for those who wait; the pipeline itself is told the time.
        store: accounts, buckets and ledgers.
        media: vocabulary, speech and pictures.
        routes: the operations by method and path.
        journal: what happened.
        faults: what goes wrong on purpose.
        rules: what the model says when; none when left out.
        starting: what accounts start with, for whoever changes that while the server runs.
        documented: names of all operations of the API; without them, what is missing is an unknown URL.
        on_failure: told of every inner failure (request id, exception), to log it.

    Attributes:
        on_reset: called after a reset, None for nothing.
        refuses_connections: whether doors without a socket behave as if nobody listened.
        refuse_for: lets the door with the socket refuse connections for seconds; None where there is none, or several.
    """

    def __init__(
        self,
        settings: SimulatorSettings,
        *,
        catalog: Catalog,
        prices: PriceList,
        plans: Plans,
        clock: Clock,
        store: Store,
        media: Media,
        routes: Routes,
        journal: Journal,
        faults: Faults,
        on_failure: Callable[[str, BaseException], None],
        rules: Rules | None = None,
        starting: Starting | None = None,
        documented: Documented | None = None,
    ) -> None:
        self._documented = documented
        self.settings = settings
        self.catalog = catalog
        self.prices = prices
        self.plans = plans
        self.clock = clock
        self.store = store
        self.media = media
        self.routes = routes
        self.journal = journal
        self.faults = faults
        self.rules = Rules() if rules is None else rules
        self.starting = Starting(AccountTerms(0, 0)) if starting is None else starting
        self.moves = Moves(())
        self.on_reset: Callable[[], None] | None = None
        self.refuses_connections = False
        self.refuse_for: Callable[[float], None] | None = None
        self._first_settings = settings
        self.transport_ids = TransportIds(Random(settings.seed))
        self.prompts = PromptCache()
        self.spoken = SpokenAnswers()
        self.pictures = PictureLinks()
        self.client_secrets = ClientSecrets()
        self.calls = Calls()
        self._on_failure = on_failure
        self._read_bodies: dict[tuple[str, bytes], ReadBody] = {}
        self._seed_key = settings.seed.to_bytes(32, "big", signed=True)

    def reset(self) -> Awaitable[None] | None:
        """Forget accounts, faults, rules and the journal, and take back every move of the clock.

        Returns:
            None, or what must be awaited until a shared store has forgotten its accounts.
        """
        self._reset_here()
        return self.store.reset()

    def forget(self, account: Account) -> Awaitable[None] | None:
        """Forget one account, with whatever its organization sent and was told when it was alone in it.

        Returns:
            None, or what must be awaited until a shared store has forgotten it.
        """
        organization = account.organization
        if len(organization.api_keys) <= 1:
            self.prompts.forget(organization.id)
            self.spoken.forget(organization.id)
        return self.store.forget(account.key)

    def hear(self, message: dict[str, float | bool]) -> None:
        """Do what another process of a shared store was told to do: move the clock, or forget everything."""
        seconds = message.get("advance")
        if isinstance(seconds, int | float) and not isinstance(seconds, bool):
            self.clock.advance(seconds)
        if message.get("reset"):
            self._reset_here()

    def use_seed(self, seed: int) -> None:
        """Let another seed decide everything by chance, until a reset."""
        self.settings = msgspec.structs.replace(self.settings, seed=seed)
        self._seed_key = seed.to_bytes(32, "big", signed=True)
        self.transport_ids = TransportIds(Random(seed))
        self.faults.use_seed(seed)

    def _reset_here(self) -> None:
        self.clock.reset()
        self.faults.clear()
        self.rules.reset()
        self.moves = Moves(())
        self.starting.reset()
        self.use_seed(self._first_settings.seed)
        self.settings = self._first_settings
        self.journal.clear()
        self.prompts.clear()
        self.spoken.clear()
        self.pictures.clear()
        self.client_secrets.clear()
        self.calls.clear()
        if self.on_reset is not None:
            self.on_reset()

    def account(self, key: str) -> Account:
        """The account of a key, made on first sight.

        Raises:
            KeyWordsError: its words contradict each other.
            UnknownKeyError: only the keys of the keys file are accepted, and it is none of them.
        """
        account = self.store.account(key, self.clock.now())
        if account is None:
            raise UnknownKeyError(key)
        return _at_once(account)

    def respond(self, request: Request, now: int) -> Steps:
        """Answer one request; every failure becomes an answer in the API's envelope."""
        exchange = _Exchange(self, request, now)
        if request.method == "OPTIONS":
            return exchange.preflight()
        answer = yield from self._answer(exchange)
        self.journal.answered(exchange.entry, answer)
        delivery = exchange.delivery
        return answer if delivery is None else delivery.of(answer, now)

    def _answer(self, exchange: "_Exchange") -> Steps:
        try:
            return (yield from self._pipeline(exchange))
        except ApiError as error:
            return exchange.refuse(error)
        except StoreUnavailable:
            return exchange.refuse(errors.store_unavailable())
        except MediaUnavailable as missing:
            return exchange.refuse(errors.extra_missing(str(missing)))
        except Exception as failure:
            self._on_failure(exchange.entry.request_id, failure)
            return exchange.refuse(errors.internal(exchange.entry.request_id))

    def refuse_body(self, request: Request, now: int, read: int, limit: int) -> Answer:
        """The answer to a body that is larger than the server reads; `request` comes without one."""
        exchange = _Exchange(self, request, now)
        exchange.entry.body_size = read
        return exchange.refuse(errors.body_too_large(limit, read))

    def authenticate(self, request: Request, now: int) -> Account:
        """The account of the bearer.

        Raises:
            Unauthorized: no key, or not one of the known ones.
        """
        account = self.find_account(request, now)
        return self.let_in(None if account is None else _at_once(account), request, now)

    def find_account(self, request: Request, now: int) -> Account | Awaitable[Account | None] | None:
        """The account of the bearer, perhaps to be awaited; None when the key is not accepted.

        Raises:
            Unauthorized: no key, or one whose words contradict each other.
        """
        key = _bearer(request)
        if key.startswith(SECRET_PREFIX):
            # An ephemeral key opens realtime sessions, and nothing else.
            secret = self.client_secrets.find(key, now) if request.path.startswith("/v1/realtime") else None
            if secret is None:
                return None
            key = secret.key
        try:
            return self.store.account(key, now)
        except KeyWordsError as unusable:
            raise errors.unusable_key(key, unusable.problem) from None

    def let_in(self, account: Account | None, request: Request, now: int) -> Account:
        """The account, when its key is good and the headers name its own organization and project.

        Raises:
            Unauthorized: it is not.
        """
        if account is None:
            raise errors.wrong_key(_bearer(request))
        if account.status is not KeyStatus.ACTIVE:
            _check_status(account)
        if account.project.archived_at is not None:
            raise errors.archived_project(account.project.id)
        if account.expires_at is not None and now >= account.expires_at:
            raise errors.wrong_key(account.key)
        headers = request.headers
        claimed = headers.get(b"openai-organization")
        # An admin key may name any organization that it administers; its own endpoints look.
        if claimed and claimed != account.organization.header and account.status is not KeyStatus.ADMIN:
            raise errors.mismatched("Organization")
        claimed = headers.get(b"openai-project")
        if claimed and claimed != account.project.header:
            raise errors.mismatched("Project")
        if self.store.answers_at_once:
            # A copy of what a shared store holds is brought up to date by the store alone.
            account.organization.refresh_if_due(now)
        return account

    def find_model(self, name: str, account: Account) -> Model | None:
        """The model as this account may use it; None when it does not exist or the tier does not have it.

        Raises:
            NotFound: it is retired and retired models are rejected.
        """
        model = self.catalog.find(name, self.settings.era)
        if model is None or account.limits_for(model) is None:
            return None
        if self.settings.reject_retired and model.retired is not None and model.retired <= self.settings.era:
            raise errors.retired_model(name)
        return model

    def quota_error(self, quota: Quota, error: ApiError) -> ApiError:
        """The refusal of a spent quota: the operation's own, or with the code of 2026 where that is set.

        Args:
            quota: what is spent.
            error: what the operation says; image endpoints have words and a status of their own.
        """
        if self.settings.quota_codes and isinstance(error, errors.OutOfCredits):
            return errors.out_of_credits(_CODES_OF_2026[quota])
        return error

    def seed_for(self, account: Account, fingerprint: bytes, repeat: int) -> bytes:
        """What decides by chance: (seed, account, endpoint and request, how often the account sent it)."""
        return blake2b(b"%s%d" % (fingerprint, repeat), key=self._seed_key, salt=account.salt, digest_size=32).digest()

    def _pipeline(self, exchange: "_Exchange") -> Steps:
        request, now = exchange.request, exchange.now
        if request.method == "GET" and request.path.startswith(PREFIX):
            return exchange.linked_picture()
        account = yield from exchange.identify()
        if self.moves:
            yield from exchange.move(account)
            now = exchange.now
        found = self.routes.find(request.path)
        if found is None:
            raise self._unserved(request) or errors.unknown_url(request.method, request.path)
        route, names = found
        operation = route.metered.get(request.method)
        if operation is None:
            backend = route.backends.get(request.method)
            if backend is not None:
                return (yield from exchange.visit(backend, names))
            lookup = route.lookups.get(request.method)
            if lookup is None:
                raise self._unserved(request) or errors.wrong_method(" and ".join(route.methods))
            if exchange.may_fail and (answer := exchange.fault("")) is not None:
                return answer
            return exchange.looked_up(lookup, lookup.look_up(request, names, account, self.catalog, self.settings.era))
        if account.status is KeyStatus.ADMIN:
            raise errors.missing_scope("model.request")
        exchange.operation = operation
        read = self._read_bodies.get((request.path, request.body))
        if exchange.may_fail:
            claimed = names.get("engine") or _claimed_model(request.body)
            if (answer := exchange.fault(claimed)) is not None:
                return answer
        if read is None:
            read = self._read(operation, request, names)
        exchange.entry.model = read.model_name
        model = self.find_model(read.model_name, account)
        if model is None:
            raise operation.unknown_model(read.model_name)
        if operation.endpoint not in model.endpoints:
            raise operation.wrong_model(model)
        admission = self.store.admit(account, model, read.cost, now, read.fingerprint)
        if not isinstance(admission, Admission):
            admission = yield admission
        exchange.admission = admission
        exchange.with_images = read.cost.images > 0
        if admission.revoked:
            raise errors.wrong_key(account.key)
        if admission.unavailable:
            raise operation.unknown_model(read.model_name)
        error: ApiError | None = None
        if admission.quota is not None:
            error = self.quota_error(admission.quota, operation.out_of_credits())
        elif admission.refusal is not None:
            error = rate_limited(admission.refusal, model, account)
        if error is not None:
            if isinstance(operation, Stepwise):
                call = Call(read, model, account, now, self.seed_for(account, read.fingerprint, admission.repeat), self)
                told = operation.refused(call, error, self.media)
                if told is not None:
                    return exchange.told(operation, told, error)
            raise error
        if file_references.mentions(request.body):
            files = FileShelf(self.store, account, now)
            value = yield from file_references.resolved(read.value, files)
            if value is not read.value:
                read = ReadBody(value, read.model_name, read.cost, read.fingerprint)
        if read.model is not model:
            operation.check(read.value, model, self.media)
            read.model = model
            read.prompt_tokens = None
        call = Call(read, model, account, now, self.seed_for(account, read.fingerprint, admission.repeat), self)
        call.request, call.request_id = request, exchange.entry.request_id
        if self.rules:
            exchange.ask_rules(operation, call)
        pacing = self.settings.pacing
        if isinstance(operation, Stepwise):
            reply = yield from operation.steps(call, self.media, pacing, self.store)
        else:
            reply = operation.reply(call, self.media, pacing)
        answer = exchange.replied(operation, call, reply)
        if call.keeps is not None and reply.body is not None:
            kept = self.store.keep(account, *call.keeps())
            if kept is not None:
                yield kept
        return answer

    def _unserved(self, request: Request) -> ApiError | None:
        """The refusal of an operation that the API has, and this server has not."""
        name = None if self._documented is None else self._documented.operation(request.method, request.path)
        return None if name is None else errors.not_simulated(f"The operation '{name}' is")

    def _read(self, operation: Operation, request: Request, names: dict[str, str]) -> ReadBody:
        """Read a body for the first time; short ones are remembered."""
        body = request.body
        value = operation.decode(request, names, self.media)
        name = operation.read_model(value)
        content = value.digest if isinstance(value, FormBody) else body
        fingerprint = blake2b(content, person=operation.endpoint.encode()[:16], digest_size=16).digest()
        read = ReadBody(value, name, operation.cost(value), fingerprint)
        # What a form says depends on its header, too, so none is remembered.
        if len(body) <= REMEMBERED_BODY and body.startswith(b"{"):
            if len(self._read_bodies) >= REMEMBERED_BODIES:
                self._read_bodies.clear()
            self._read_bodies[request.path, body] = read
        return read


class _Exchange:
    """One request on its way to its answer: what is known so far, and the headers and journal that follow."""

    __slots__ = (
        "_simulator", "account", "admission", "delivery", "entry", "now", "operation", "request", "with_images",
    )  # fmt: skip

    def __init__(self, simulator: Simulator, request: Request, now: int) -> None:
        self._simulator = simulator
        self.request = request
        self.now = now
        self.account: Account | None = None
        self.operation: Operation | None = None
        self.admission: Admission | None = None
        self.with_images = False
        self.delivery: Delivery | None = None
        self.entry: JournalEntry = simulator.journal.open(
            now, "", "", request.method, request.path, request.body, request.headers
        )
        self.entry.query = request.query
        self.entry.request_id = simulator.transport_ids.request_id()

    def identify(self) -> Generator[Any, Any, Account]:
        simulator = self._simulator
        try:
            found = simulator.find_account(self.request, self.now)
            if found is not None and not isinstance(found, Account):
                found = yield found
            account = simulator.let_in(found, self.request, self.now)
        except errors.Unauthorized:
            self.entry.key = errors.mask_key((self.request.header(b"authorization") or "").rpartition(" ")[2])
            raise
        self.account = account
        self.entry.key = account.masked_key
        self.entry.account = account.id
        return account

    @property
    def may_fail(self) -> bool:
        """Whether there is any fault that it might meet."""
        return bool(self._simulator.faults) or FAULT_HEADER in self.request.headers

    def fault(self, model: str) -> Answer | None:
        """The answer of the fault that it meets; None when there is none, or one that tampers with the ordinary one."""
        simulator = self._simulator
        faults = simulator.faults
        asked = self.request.header(FAULT_HEADER)
        if asked is not None:
            try:
                fault = faults.asked_for(asked)
            except FaultError as problem:
                raise errors.BadRequest(str(problem), param=None, code="understudy_fault") from None
        else:
            key = "" if self.account is None else self.account.key
            met = faults.next(self.request, key, model, self.now)
            if met is None:
                return None
            fault = met
        self.entry.fault = fault.name
        self.delivery = fault.delivery
        scripted = fault.answer(self.now)
        if scripted is None:
            return None
        named = {name for name, _ in scripted.headers}
        base = [pair for pair in self._base(scripted.content_type) if pair[0] not in named]
        self._close(scripted.status, None if scripted.status < 400 else fault.name)
        sized = scripted.content_type != headers.EVENT_STREAM
        return Answer(scripted.status, base + scripted.headers, scripted.body, sized=sized)

    def looked_up(self, lookup: Lookup, body: bytes) -> Answer:
        head = self._base(headers.JSON) + headers.engine(self.account, 0)
        if lookup.proxied:
            head.append(headers.PROXY)
        self._close(200)
        return Answer(200, head, body)

    def visit(self, backend: Backend, names: dict[str, str]) -> Steps:
        """Let an operation answer that decides about its own limits."""
        simulator, request, entry = self._simulator, self.request, self.entry
        account = self.account
        if account is None:
            raise TypeError("only who is known is let in")
        entry.model = _claimed_model(request.body) if request.body else ""
        if self.may_fail and (answer := self.fault(entry.model)) is not None:
            return answer
        settings = simulator.settings
        page = yield from backend.answer(
            Visit(
                request=request,
                body=decode_object(request.body),
                account=account,
                now=self.now,
                request_id=entry.request_id,
                pacing=settings.pacing,
                reject_retired=settings.reject_retired,
                simulator=simulator,
                names=names,
            )
        )
        head = self._base(page.content_type) + page.headers
        if page.parts is None:
            self._close(page.status, page.error)
            return Answer(page.status, head, page.body, due=page.due, sized=True)
        entry.status = page.status
        stream = PlainStream(page.parts, lambda now, complete: self._settle_page(account, page, now, complete=complete))
        return Answer(page.status, head, stream, due=page.due)

    def _settle_page(self, account: Account, page: Page, now: int, *, complete: bool) -> None:
        if page.spent is not None:
            spent = page.spent(complete)
            self._simulator.store.settle(account, spent, now)
            self.entry.usage = spent.usage
        self.entry.complete = complete
        self.entry.finished_at = now

    def told(self, operation: Operation, reply: Reply, error: ApiError) -> Answer:
        """The answer 200 whose body tells a refusal; it costs nothing."""
        head = self._head(operation, reply)
        self._close(200, error.code or error.type)
        return Answer(200, head, PlainStream(reply.parts(), lambda now, complete: None), unpaced=True)

    def _head(self, operation: Operation, reply: Reply) -> Headers:
        head = self._base(reply.content_type)
        head += headers.engine(self.account, reply.processing, self.request.path)
        admission = self.admission
        if operation.shows_limits and admission is not None and admission.quota is None:
            head += headers.rate_limits(admission, with_images=self.with_images)
        if operation.proxied:
            head.append(headers.PROXY)
        return head

    def move(self, account: Account) -> Generator[Any, Any, None]:
        """Let happen what a scenario has happen before this call, which then comes that much later."""
        simulator = self._simulator
        for move in simulator.moves.due(account.id):
            if move.advance:
                seconds = move.advance / SECOND
                simulator.clock.advance(seconds)
                told = simulator.store.tell_others({"advance": seconds})
                if told is not None:
                    yield told
            now = self.now = self.entry.at = simulator.clock.now()
            if simulator.store.answers_at_once:
                account.organization.refresh_if_due(now)
            world = World(simulator.catalog, simulator.plans, simulator.settings.era, now)
            changed = simulator.store.change(account, partial(move.change, world=world))
            if changed is not None:
                yield changed

    def ask_rules(self, operation: Operation, call: Call) -> None:
        """Let the first rule that is meant say what the model says; raises ApiError when that is an error."""
        read, account = call.read, call.account
        path = self.request.path
        asked = RuleRequest(operation.endpoint, path, read.model_name, account.key, account.id, read.value)
        script = self._simulator.rules.script(asked, self.now)
        if script is None:
            return
        self.entry.rule = script.rule
        if script.error is not None:
            raise script.error
        call.script = script

    def replied(self, operation: Operation, call: Call, reply: Reply) -> Answer:
        head = self._head(operation, reply)
        if operation.endpoint == "completions":
            head += headers.of_completions(call.model.snapshot, self.request)
        self.entry.status = 200
        if reply.body is not None:
            self._settle(operation, call, reply, self.now, complete=True)
            return Answer(200, head, reply.body, due=reply.due)
        stream = PlainStream(
            reply.parts(), lambda now, complete: self._settle(operation, call, reply, now, complete=complete)
        )
        return Answer(200, head, stream, due=reply.due, unpaced=self._simulator.settings.pacing == NONE)

    def refuse(self, error: ApiError) -> Answer:
        behind = headers.is_behind(self.request.path)
        if behind:
            error.layer = Layer.ENGINE
        edge = error.layer is Layer.EDGE
        head = self._base(headers.EDGE_JSON if edge else headers.JSON)
        operation = self.operation
        if edge:
            head.append((b"vary", b"Origin"))
        else:
            head += headers.engine(self.account, 0, self.request.path)
        if behind and error.status == 401:
            head.append(headers.CHALLENGE)
        admission = self.admission
        limited = admission is not None and admission.quota is None and not behind
        if operation is not None and admission is not None and limited and operation.shows_limits:
            head += headers.rate_limits(admission, with_images=self.with_images)
        if operation is not None and operation.proxied and error.retry_after is None:
            head.append(headers.PROXY)
        if error.status == 429 or error.retry_after is not None:
            head += headers.retry(error.retry_after, self._simulator.settings.retry)
        if error.headers:
            named = {name for name, _ in error.headers}
            head = [pair for pair in head if pair[0] not in named]
        head += error.headers
        self._close(error.status, error.code or error.type)
        return Answer(error.status, head, error_body(error), sized=True)

    def linked_picture(self) -> Answer:
        """A picture that an answer gave a link to: whoever has the link may see it, as long as it holds."""
        request = self.request
        found = self._simulator.pictures.find(request.path)
        answer = blob_answer(found, request.query, self.entry.request_id, self.now)
        self._close(answer.status, None if answer.status == 200 else "expired_link")
        return answer

    def preflight(self) -> Answer:
        head = self._base(headers.JSON) + _PREFLIGHT
        wanted = self.request.headers.get(b"access-control-request-headers")
        if wanted is not None:
            head.append((b"access-control-allow-headers", wanted))
        self._close(200)
        return Answer(200, head, b"", sized=True)

    def _base(self, content_type: bytes) -> Headers:
        head = headers.base(content_type, self.entry.request_id, self._simulator.transport_ids, self.now)
        if b"origin" in self.request.headers and self.request.method != "OPTIONS":
            head.append((b"access-control-allow-origin", b"*"))
        return head

    def _settle(self, operation: Operation, call: Call, reply: Reply, now: int, *, complete: bool) -> None:
        simulator = self._simulator
        usage = reply.usage(complete=complete)
        amount = charge(usage, simulator.prices.find(call.model.price, reply.service_tier))
        if isinstance(reply, ChargedBeside):
            amount += sum(charge(more, simulator.prices.find(name)) for more, name in reply.beside())
        kind, detail = usage_kind(operation.endpoint, self.request.path, usage)
        spent = Spent(kind, call.model.snapshot, reply.service_tier, usage, amount, detail=detail)
        simulator.store.settle(call.account, spent, now)
        if complete and call.keeps is not None and reply.body is None:
            simulator.store.keep_soon(call.account, *call.keeps())
        entry = self.entry
        entry.usage = usage
        entry.charge = amount
        entry.complete = complete
        entry.finished_at = now

    def _close(self, status: int, error: str | None = None) -> None:
        self.entry.status = status
        self.entry.error = error
        self.entry.finished_at = self.now


def _at_once(account: Account | Awaitable[Account | None]) -> Account:
    if not isinstance(account, Account):
        raise TypeError("an account of a store that must be awaited cannot be had at once")
    return account


def _bearer(request: Request) -> str:
    """The key of the account: the bearer, or what the token of a login says."""
    value = request.headers.get(b"authorization")
    if value is None:
        raise errors.no_key()
    scheme, _, secret = value.partition(b" ")
    key = secret.strip().decode("latin-1")
    if not key or scheme.lower() != b"bearer":
        raise errors.no_key()
    return account_key(key)


def _check_status(account: Account) -> None:
    if account.status in (KeyStatus.INVALID, KeyStatus.REVOKED):
        # A key that was deleted is told the same as one that never was ("our choice").
        raise errors.wrong_key(account.key)
    if account.status is KeyStatus.NO_ACCESS:
        raise errors.no_organization()


def rate_limited(refusal: Refusal, model: Model, account: Account) -> errors.RateLimited:
    """The 429 of an empty bucket, with the real words (recorded 2023-12 to 2026-03)."""
    # Models that share their family's limit are told which (recorded: "for limit gpt-image").
    name = model.id if model.limit_group == model.listed else f"{model.id} (for limit {model.limit_group})"
    project = f"project {account.project.id} " if refusal.of_project else ""
    where = f"{name} in {project}organization {account.organization.id} on {refusal.words}"
    more = "Visit https://platform.openai.com/account/rate-limits to learn more."
    if refusal.wait is None:
        return errors.RateLimited(
            f"Request too large for {where}: Limit {refusal.limit}, Requested {refusal.requested}. The input or output "
            f"tokens must be reduced in order to run successfully. {more}",
            type=refusal.error_type,
        )
    text = (
        f"Rate limit reached for {where}: Limit {refusal.limit}, Used {refusal.used}, Requested {refusal.requested}. "
        f"Please try again in {go_duration(refusal.wait)}. {more}"
    )
    if account.organization.tier == 0:
        text += (
            " You can increase your rate limit by adding a payment method to your account at "
            "https://platform.openai.com/account/billing."
        )
    return errors.RateLimited(text, type=refusal.error_type, retry_after=refusal.wait)


def _claimed_model(body: bytes) -> str:
    """The model that a body names, before anything is checked; empty when it names none."""
    value = decode_object(body)
    name = None if value is None else value.get("model")
    return name if isinstance(name, str) else ""
