"""ChatGPT's back end as far as the Codex CLI and its usage displays ask it.

    POST /backend-api/codex/responses       a turn, as a stream of events
    GET  /backend-api/codex/responses       the upgrade to a WebSocket: 426, after which the CLI takes POST
    GET  /backend-api/codex/models          what may be asked
    GET  /backend-api/wham/accounts/check   whose login it is
    GET  /backend-api/wham/config/bundle    what a workspace manages of the CLI: nothing
    GET  /backend-api/wham/usage            how the plan stands (also /backend-api/codex/usage and /api/codex/usage)

Headers and bodies as pasted from production in public issue threads (2025-10 to 2026-09) and as the CLI reads them (its
public source, 2026; measured with 0.169.0). Everything else below `/backend-api` is a 404, which the CLI bears.
"""

import re
from collections.abc import Generator
from hashlib import blake2b
from typing import Any, NamedTuple

from understudy.core import errors, headers
from understudy.core.accounts import Account
from understudy.core.endpoints.codex_turn import codex_turn, turn_cost
from understudy.core.ids import named
from understudy.core.logins import Login, read_login
from understudy.core.messages import Headers
from understudy.core.plans import PlanView, Stop, WindowView, seconds_up
from understudy.core.plans_table import CodexModel, format_credits
from understudy.core.serialise import encode
from understudy.core.usage_log import Spent
from understudy.core.visits import Page, Visit

CONTEXT_WINDOW = 272_000
"""Tokens, of all models of Codex ("our choice": the documented limit of a request at its plain price)."""
_EFFORTS = (
    ("low", "Fast responses with lighter reasoning"),
    ("medium", "Balances speed and depth"),
    ("high", "Greater depth for harder problems"),
    ("xhigh", "The deepest reasoning"),
)
"""Reasoning levels and our own words for them."""
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


class CodexResponses:
    """A turn: let in by the plan, answered, charged by the rate card."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The stream, or a refusal: what is wrong with the request comes before what is wrong with the plan."""
        body = visit.body
        if body is None:
            raise errors.not_json()
        model = _checked(body, visit)
        if isinstance(model, Page):
            return model
        plans, now = visit.simulator.plans, visit.now
        login = read_login(visit.bearer)
        claimed = None if login is None else login.plan
        fingerprint = blake2b(visit.request.body, person=b"codex responses", digest_size=16).digest()

        def admit(account: Account) -> _Admitted:
            account.last_used = now
            state = plans.state(account, claimed)
            stop = state.admit(now)
            resets_at = state.resets_at(now) if stop is Stop.LIMIT else None
            repeat = 0 if stop is not None else account.repeat(fingerprint)
            return _Admitted(stop, plans.view(account, now), resets_at, repeat)

        admitted = visit.simulator.store.change(visit.account, admit)
        if not isinstance(admitted, _Admitted):
            admitted = yield admitted
        head = plan_headers(admitted.view, visit.request_id)
        if admitted.stop is not None:
            return _stopped(admitted, [*head, *_reached(admitted)], visit)
        seed = visit.simulator.seed_for(visit.account, fingerprint, admitted.repeat)
        turn = codex_turn(body, model.slug, seed, fingerprint, visit, visit.simulator)

        def spent(complete: bool) -> Spent:
            usage = turn.usage(complete=complete)
            cost = turn_cost(plans.table, model, usage, body)
            return Spent("codex", model.slug, turn.service_tier, usage, 0, credits=cost)

        return Page(
            headers=head,
            content_type=headers.EVENT_STREAM,
            model=model.slug,
            parts=turn.parts(),
            spent=spent,
            due=turn.due,
        )


class CodexUpgrade:
    """The WebSocket is refused in the way that makes the CLI fall back to POST without a word (measured, 2026-11)."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """426."""
        yield from ()
        return _detail("Upgrade Required", 426)


class CodexModels:
    """The models, in the shape that the CLI's public source reads (2026)."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """All that are not hidden, newest first."""
        yield from ()
        shown = [model for model in visit.simulator.plans.table.models if not model.hidden]
        return Page(encode({"models": [_model_info(place, model) for place, model in enumerate(shown)]}))


class CodexUsage:
    """How the plan stands; asking starts no window."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The object of the CLI's `/status`."""
        view = yield from viewed(visit)
        return Page(encode(usage_object(view, _who(visit))))


class AccountsCheck:
    """Which workspaces a login has: one, its own."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """The id is the one that the caller names: the CLI takes no other (measured, 2026-11)."""
        view = yield from viewed(visit)
        who = _who(visit)
        account = {
            "id": who.account_id,
            "account_user_id": f"{who.user_id}__{who.account_id}",
            "plan_type": view.plan,
            "structure": "workspace" if view.workspace else "personal",
            "workspace_backend_origin": _origin(visit),
            "account_routing_override": "NO_CONSTRAINT",
        }
        return Page(
            encode(
                {
                    "accounts": [account],
                    "account_ordering": [who.account_id],
                    "default_account_id": who.account_id,
                }
            )
        )


class ConfigBundle:
    """The workspace's own policies, which the CLI waits for on workspace plans (measured, 2026-11: else it ends)."""

    def answer(self, visit: Visit) -> Generator[Any, Any, Page]:
        """No policies; who has no workspace is told so (text of a public survey, 2026)."""
        view = yield from viewed(visit)
        return Page(b"{}") if view.workspace else _detail("No active workspace", 400)


class _Admitted(NamedTuple):
    """What the plan says to a turn: why not, how it stands, when it has room again, and how often the turn was sent."""

    stop: Stop | None
    view: PlanView
    resets_at: int | None
    repeat: int


def viewed(visit: Visit) -> Generator[Any, Any, PlanView]:
    """How the plan of the caller stands."""
    plans = visit.simulator.plans
    login = read_login(visit.bearer)

    def look(account: Account) -> PlanView:
        plans.state(account, None if login is None else login.plan)
        return plans.view(account, visit.now)

    view = visit.simulator.store.change(visit.account, look)
    if not isinstance(view, PlanView):
        view = yield view
    return view


def plan_headers(view: PlanView, request_id: str) -> Headers:
    """`x-codex-*` as on 200 and 429; before flexible credits there were none of the credits' headers (our choice)."""
    added: Headers = [
        (b"x-oai-request-id", request_id.encode()),
        (b"x-codex-plan-type", view.plan.encode()),
        (b"x-codex-active-limit", b"codex"),
    ]
    for slot, window in ((b"primary", view.primary), (b"secondary", view.secondary)):
        name = b"x-codex-" + slot
        if window is None:
            # A window of no minutes is none (issue threads, 2026-03 to 2026-09).
            added += [
                (name + b"-used-percent", b"0"),
                (name + b"-window-minutes", b"0"),
                (name + b"-reset-at", b""),
                (name + b"-reset-after-seconds", b"0"),
            ]
            continue
        added += [
            (name + b"-used-percent", b"%d" % window.used_percent),
            (name + b"-window-minutes", b"%d" % (window.window_seconds // 60)),
            (name + b"-reset-at", b"%d" % window.reset_at),
            (name + b"-reset-after-seconds", b"%d" % window.reset_after_seconds),
        ]
    added.append((b"x-codex-primary-over-secondary-limit-percent", b"0"))
    if view.mode == "flexible":
        added += [
            (b"x-codex-credits-has-credits", b"True" if view.has_credits else b"False"),
            (b"x-codex-credits-unlimited", b"True" if view.unlimited else b"False"),
            (b"x-codex-credits-balance", b"" if view.unlimited else format_credits(view.credits).encode()),
        ]
    return added


def usage_object(view: PlanView, who: "_Who") -> dict[str, Any]:
    """The usage endpoint's object (issue thread, 2026-05-13, and the CLI's public source)."""
    limits = None
    if view.primary is not None or view.secondary is not None:
        limits = {
            "allowed": view.allowed,
            "limit_reached": view.limit_reached,
            "primary_window": _window_object(view.primary),
            "secondary_window": _window_object(view.secondary),
        }
    return {
        "user_id": who.user_id,
        "account_id": who.account_id,
        "email": who.email,
        "plan_type": view.plan,
        "rate_limit": limits,
        "code_review_rate_limit": None,
        "additional_rate_limits": None,
        "credits": None if view.mode == "fixed" else _credits_object(view),
        "spend_control": {"reached": False, "individual_limit": None},
        "rate_limit_reached_type": {"type": "rate_limit_reached"} if view.limit_reached and not view.allowed else None,
        "promo": None,
        "referral_beacon": None,
    }


def _credits_object(view: PlanView) -> dict[str, Any]:
    whole = view.credits // 10**10  # hundredths of a credit
    # A message in the one capture came to between 1.53 and 8 credits, a cloud task to between 8 and 40.
    return {
        "has_credits": view.has_credits,
        "unlimited": view.unlimited,
        "overage_limit_reached": False,
        "balance": None if view.unlimited else format_credits(view.credits),
        "approx_local_messages": [whole // 800, whole // 153],
        "approx_cloud_messages": [whole // 4_000, whole // 800],
    }


def _window_object(window: WindowView | None) -> dict[str, int] | None:
    if window is None:
        return None
    return {
        "used_percent": window.used_percent,
        "limit_window_seconds": window.window_seconds,
        "reset_after_seconds": window.reset_after_seconds,
        "reset_at": window.reset_at,
    }


class _Who(NamedTuple):
    user_id: str
    account_id: str
    email: str


def _who(visit: Visit) -> _Who:
    """Names of the caller: of the token, else of the key, the same in every process."""
    login = read_login(visit.bearer) or Login(None, None, None, None)
    user_id = login.user_id or "user-" + named("user", visit.account.key, 24)
    asked = visit.request.header(b"chatgpt-account-id")
    return _Who(
        user_id=user_id,
        account_id=asked or login.account_id or visit.account.id,
        email=login.email or f"{user_id[:64].lower()}@example.com",
    )


def _origin(visit: Visit) -> str:
    """Where the workspace is reached: where this very request was, or anywhere when it does not say."""
    host = visit.request.header(b"host") or ""
    if not _HOST.fullmatch(host):
        return "NO_CONSTRAINT"
    forwarded = visit.request.header(b"x-forwarded-proto")
    # The CLI takes https alone; that is what it is told unless a proxy says that it is not so.
    return f"{'http' if forwarded == 'http' else 'https'}://{host}"


def _checked(body: dict[str, Any], visit: Visit) -> CodexModel | Page:
    """The model of a request that is in order, else the refusal (texts of issue threads, 2025-09 to 2026-08).

    The order of the checks is our choice.
    """
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise errors.missing("model")
    model = visit.simulator.plans.table.model(name)
    if model is None:
        return _detail(f"The '{name[:256]}' model is not supported when using Codex with a ChatGPT account.", 400)
    if type(body.get("input")) is not list:
        return _detail("Input must be a list", 400)
    if body.get("store") is not False:
        return _detail("Store must be set to false", 400)
    if body.get("stream") is not True:
        return _detail("Stream must be set to true", 400)
    return model


def _stopped(admitted: _Admitted, head: Headers, visit: Visit) -> Page:
    view = admitted.view
    error: dict[str, Any]
    if admitted.stop is Stop.NOT_INCLUDED:
        # The words are our choice: the CLI reads the type alone.
        error = {
            "type": Stop.NOT_INCLUDED.value,
            "message": "Codex is not included in your plan",
            "plan_type": view.plan,
        }
    else:
        error = {
            "type": Stop.LIMIT.value,
            "message": "The usage limit has been reached",
            "plan_type": view.plan,
        }
        if admitted.resets_at is not None:
            error["resets_at"] = seconds_up(admitted.resets_at)
        error["eligible_promo"] = None
        if admitted.resets_at is not None:
            error["resets_in_seconds"] = seconds_up(admitted.resets_at - visit.now)
    return Page(encode({"error": error}), status=429, headers=head, error=error["type"])


def _reached(admitted: _Admitted) -> Headers:
    if admitted.stop is not Stop.LIMIT:
        return []
    return [(b"x-codex-rate-limit-reached-type", b"rate_limit_reached")]


def _detail(text: str, status: int) -> Page:
    return Page(encode({"detail": text}), status=status, error=text)


def _model_info(place: int, model: CodexModel) -> dict[str, Any]:
    return {
        "slug": model.slug,
        "display_name": model.name,
        "description": f"{model.name}, simulated",
        "default_reasoning_level": "medium",
        "supported_reasoning_levels": [{"effort": effort, "description": words} for effort, words in _EFFORTS],
        "shell_type": "shell_command",
        "visibility": "list",
        "supported_in_api": True,
        "priority": place,
        "upgrade": None,
        "base_instructions": "You are Codex, a coding agent.",
        "supports_reasoning_summaries": True,
        "support_verbosity": True,
        "default_verbosity": "low",
        "apply_patch_tool_type": "freeform",
        "truncation_policy": {"mode": "tokens", "limit": 10_000},
        "supports_parallel_tool_calls": True,
        "context_window": CONTEXT_WINDOW,
        "experimental_supported_tools": [],
        "input_modalities": ["text", "image"],
    }
