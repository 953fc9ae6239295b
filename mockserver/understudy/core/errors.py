"""The tree of API errors: what each refusal says, and which layer of the real service says it.

    ApiError
    ├── Unauthorized                401  no key, wrong key
    ├── Forbidden                   403  a key without the scope
    ├── NotFound                    404  unknown URL, unknown model, unknown id
    ├── MethodNotAllowed            405
    ├── BodyTooLarge                413
    ├── BadRequest                  400  everything validation refuses
    ├── RateLimited                 429  a bucket is empty; carries the decision
    ├── OutOfCredits                429  (400 on images); carries the balance
    └── ServerError                 500, 501, 503

An error carries facts; `core.headers` and `core.serialise` turn them into bytes. Texts are as recorded
(traffic 2023-2026) unless marked "our choice".
"""

from enum import Enum
from typing import Any

INVALID_REQUEST = "invalid_request_error"


class Layer(Enum):
    """Which part of the real service answers; it decides indentation, headers and content type.

    Recorded traffic: the edge indents by four, ends in a newline, says `charset=utf-8` and sends no
    `openai-*` headers; the engine behind it indents by two, has no final newline, and sends them.
    """

    EDGE = "edge"
    ENGINE = "engine"


class ApiError(Exception):
    """A refusal in the API's envelope.

    Attributes:
        message: `error.message`.
        status: HTTP status.
        type: `error.type`.
        code: `error.code`.
        param: `error.param`.
        layer: who answers.
        headers: further headers of this very refusal.
        retry_after: microseconds until a retry can succeed, when that is known.
        details: further keys of `error`, after the four that all have.
    """

    status = 400
    type = INVALID_REQUEST
    code: str | None = None
    layer = Layer.ENGINE

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        type: str | None = None,
        status: int | None = None,
        layer: Layer | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        retry_after: int | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.details = details
        self.message = message
        self.param = param
        self.headers = headers
        self.retry_after = retry_after
        if code is not None:
            self.code = code
        if type is not None:
            self.type = type
        if status is not None:
            self.status = status
        if layer is not None:
            self.layer = layer


class Unauthorized(ApiError):
    """401: the call has no key, or one that is not known."""

    status = 401
    layer = Layer.EDGE


class Forbidden(ApiError):
    """403: the key is known, and may not do this."""

    status = 403
    layer = Layer.EDGE


class NotFound(ApiError):
    """404: nothing of that name, or not for this account."""

    status = 404
    layer = Layer.EDGE


class MethodNotAllowed(ApiError):
    """405: the path is known, the method is not."""

    status = 405
    code = "method_not_supported"
    layer = Layer.EDGE


class BodyTooLarge(ApiError):
    """413: more bytes than the server reads."""

    status = 413
    layer = Layer.EDGE


class BadRequest(ApiError):
    """400: validation refuses the request."""


class RateLimited(ApiError):
    """429: a rate limit has no room for the request."""

    status = 429
    code = "rate_limit_exceeded"
    layer = Layer.EDGE


class OutOfCredits(ApiError):
    """429: the balance is spent (images: 400, see `billing_hard_limit`)."""

    status = 429
    type = "insufficient_quota"
    code = "insufficient_quota"
    layer = Layer.EDGE


class ServerError(ApiError):
    """5xx: a fault of the server's own."""

    status = 500
    type = "server_error"


def no_key() -> Unauthorized:
    """A call without an Authorization header."""
    return Unauthorized(
        "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
        "(i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing the "
        "API from your browser and are prompted for a username and password. You can obtain an API key from "
        "https://platform.openai.com/account/api-keys."
    )


def wrong_key(key: str) -> Unauthorized:
    """A key that is not known; the message shows it masked."""
    return Unauthorized(
        f"Incorrect API key provided: {mask_key(key)}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
    )


def unusable_key(key: str, problem: str) -> Unauthorized:
    """A key whose words, which spell a state, cannot be understood ("our choice")."""
    return Unauthorized(f"Incorrect API key provided: {mask_key(key)}. {problem}", code="invalid_api_key")


def no_organization() -> Unauthorized:
    """The key's owner is in no organization (words of the error-codes guide; the body is "our choice")."""
    return Unauthorized("You must be a member of an organization to use the API.", code="no_organization")


def mismatched(what: str) -> Unauthorized:
    """A header that names another organization or project than the key's.

    The organization's body was reported word for word (2024-04 to 2025-09); the project's is formed after it
    ("our choice").

    Args:
        what: Organization or Project.
    """
    word = what.lower()
    return Unauthorized(f"OpenAI-{what} header should match {word} for API key", code=f"mismatched_{word}")


def archived_project(project: str) -> Unauthorized:
    """A key whose project was archived (the words are "our choice")."""
    return Unauthorized(f"The project {project} of this API key has been archived.", code="project_archived")


def missing_scope(scope: str) -> Forbidden:
    """A key that may not do this; the text was reported in 2026, the status is 401 or 403 there."""
    return Forbidden(
        f"You have insufficient permissions for this operation. Missing scopes: {scope}. Check that you have the "
        "correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if you're using a "
        "restricted API key, that it has the necessary scopes."
    )


def mask_key(key: str) -> str:
    """First eight and last four characters, one `*` for each between (recorded 401 bodies).

    Keys of twelve characters or fewer were not recorded; showing them whole would leak them, so all but
    the first two characters are hidden ("our choice").
    """
    if len(key) <= 12:
        return key[:2] + "*" * max(len(key) - 2, 0)
    return key[:8] + "*" * (len(key) - 12) + key[-4:]


def unknown_url(method: str, path: str) -> NotFound:
    """A path that no operation has."""
    return NotFound(f"Invalid URL ({method} {path})")


def wrong_method(allowed: str) -> MethodNotAllowed:
    """A known path asked with another method."""
    return MethodNotAllowed(f"Only {allowed} requests are accepted.", headers=((b"allow", allowed.encode()),))


def body_too_large(limit: int, read: int) -> BodyTooLarge:
    """A body over the limit; the words are those known for audio uploads, elsewhere "our choice"."""
    return BodyTooLarge(f"Maximum content size limit ({limit}) exceeded ({read} bytes read)")


def not_json() -> BadRequest:
    """A body that is no JSON object."""
    return BadRequest(
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
        "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble "
        "figuring out how to fix this, please contact us through our help center at help.openai.com.)",
        layer=Layer.EDGE,
    )


def no_model() -> BadRequest:
    """A body without a model, or with an empty one."""
    return BadRequest("you must provide a model parameter", layer=Layer.EDGE)


def unknown_model(name: str) -> NotFound:
    """A model that does not exist, or not for this account's usage tier (chat, completions, embeddings)."""
    return NotFound(f"The model `{name}` does not exist or you do not have access to it.", code="model_not_found")


def retired_model(name: str) -> NotFound:
    """A model past its shutdown date, under `retired = reject`."""
    return NotFound(
        f"The model `{name}` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations",
        code="model_not_found",
    )


def not_a_chat_model() -> ApiError:
    """A model of another kind on chat/completions; this 404 comes from the engine (recorded)."""
    return NotFound(
        "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
        "Did you mean to use v1/completions?",
        param="model",
        layer=Layer.ENGINE,
    )


def missing(path: str) -> BadRequest:
    """A required parameter is not there."""
    return BadRequest(f"Missing required parameter: '{path}'.", code="missing_required_parameter", param=path)


def unknown_parameter(path: str) -> BadRequest:
    """A parameter that the operation does not have."""
    return BadRequest(f"Unknown parameter: '{path}'.", code="unknown_parameter", param=path)


def wrong_type(path: str, expected: str, got: object) -> BadRequest:
    """A parameter of another JSON type; `expected` comes with its article."""
    return BadRequest(
        f"Invalid type for '{path}': expected {expected}, but got {json_type(got)} instead.",
        code="invalid_type",
        param=path,
    )


def invalid_value(path: str, value: object, accepted: tuple[str, ...]) -> BadRequest:
    """A word that is not among the accepted ones."""
    return BadRequest(
        f"Invalid value: '{value}'. Supported values are: {quoted_list(accepted)}.", code="invalid_value", param=path
    )


def unsupported_parameter(path: str, hint: str = "") -> BadRequest:
    """A parameter that this model does not take."""
    return BadRequest(
        f"Unsupported parameter: '{path}' is not supported with this model.{hint}",
        code="unsupported_parameter",
        param=path,
    )


def unsupported_value(path: str, value: object) -> BadRequest:
    """A value that this model does not take where only the default (1) is."""
    return BadRequest(
        f"Unsupported value: '{path}' does not support {value} with this model. Only the default (1) value is "
        "supported.",
        code="unsupported_value",
        param=path,
    )


def below_minimum(path: str, value: float, minimum: float) -> BadRequest:
    """A number that is too small."""
    kind = "integer" if isinstance(value, int) and isinstance(minimum, int) else "decimal"
    return BadRequest(
        f"Invalid '{path}': {kind} below minimum value. Expected a value >= {minimum}, but got {value} instead.",
        code=f"{kind}_below_min_value",
        param=path,
    )


def above_maximum(path: str, value: float, maximum: float) -> BadRequest:
    """A number that is too large."""
    kind = "integer" if isinstance(value, int) and isinstance(maximum, int) else "decimal"
    return BadRequest(
        f"Invalid '{path}': {kind} above maximum value. Expected a value <= {maximum}, but got {value} instead.",
        code=f"{kind}_above_max_value",
        param=path,
    )


def empty_array(path: str) -> BadRequest:
    """A list without elements where one is needed."""
    return BadRequest(
        f"Invalid '{path}': empty array. Expected an array with minimum length 1, but got an empty array instead.",
        code="empty_array",
        param=path,
    )


def array_too_long(path: str, maximum: int, length: int) -> BadRequest:
    """A list with too many elements."""
    return BadRequest(
        f"Invalid '{path}': array too long. Expected an array with maximum length {maximum}, but got an array with "
        f"length {length} instead.",
        code="array_above_max_length",
        param=path,
    )


def string_too_long(path: str, maximum: int, length: int) -> BadRequest:
    """A string over its length."""
    return BadRequest(
        f"Invalid '{path}': string too long. Expected a string with maximum length {maximum}, but got a string with "
        f"length {length} instead.",
        code="string_above_max_length",
        param=path,
    )


def empty_string(path: str) -> BadRequest:
    """An empty string where text is needed."""
    return BadRequest(
        f"Invalid '{path}': empty string. Expected a string with minimum length 1, but got an empty string instead.",
        code="empty_string",
        param=path,
    )


def context_too_long(window: int, prompt: int, completion: int | None) -> BadRequest:
    """More tokens than the model's context window holds.

    Args:
        window: the model's context window in tokens.
        prompt: tokens of the messages.
        completion: tokens asked for with `max_tokens`, or None.
    """
    if completion is None:
        text = f"your messages resulted in {prompt} tokens. Please reduce the length of the messages."
    else:
        text = (
            f"you requested {prompt + completion} tokens ({prompt} in the messages, {completion} in the completion). "
            "Please reduce the length of the messages or completion."
        )
    return BadRequest(
        f"This model's maximum context length is {window} tokens. However, {text}",
        code="context_length_exceeded",
        param="messages",
    )


def out_of_credits(code: str | None = None) -> OutOfCredits:
    """The prepaid credits are spent, or a month's limit is reached.

    Args:
        code: one of 2026's in place of `insufficient_quota`; no text was recorded with those, so it stays the same
            ("our choice").
    """
    return OutOfCredits(
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        code=code,
    )


def enqueued_tokens(model: str, organization: str, limit: int) -> BadRequest:
    """A batch that does not fit into the queue (words widely reported for failed batches, 2024 to 2026)."""
    return BadRequest(
        f"Enqueued token limit reached for {model} in organization {organization}. Limit: {limit:,} enqueued tokens. "
        "Please try again once some in_progress batches have been completed.",
        code="token_limit_exceeded",
    )


def billing_hard_limit() -> BadRequest:
    """The same on the image endpoints: status 400 (recorded 2024, type since gpt-image)."""
    return BadRequest(
        "Billing hard limit has been reached", code="billing_hard_limit_reached", type="image_generation_user_error"
    )


def internal(request_id: str) -> ServerError:
    """A failure of ours; the log holds the cause under the same request id."""
    return ServerError(
        "The server had an error while processing your request. Sorry about that! You can retry your request, or "
        "contact us through our help center at help.openai.com if the error persists. "
        f"(Please include the request ID {request_id} in your message.)"
    )


def store_unavailable() -> ServerError:
    """The shared store is gone: the words are those of an overloaded engine (error-codes guide)."""
    return ServerError(
        "The engine is currently overloaded, please try again later", status=503, code="store_unavailable"
    )


def not_simulated(what: str) -> ServerError:
    """A documented part of the API that Understudy does not have yet ("our choice": 501, never a silent success).

    Args:
        what: subject and verb, as in "Streamed pictures are".
    """
    return ServerError(f"{what} not simulated by Understudy yet.", status=501, code="not_simulated")


def extra_missing(sentence: str) -> ServerError:
    """A part of Understudy that is an extra is not installed ("our choice")."""
    return ServerError(sentence, status=501, code="extra_not_installed")


def json_type(value: object) -> str:
    """The JSON type of a decoded value with its article, as the API's messages name it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a decimal"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "an array"
    return "an object"


def quoted_list(words: tuple[str, ...]) -> str:
    """`'a', 'b', and 'c'`; `'a' and 'b'`; `'a'`."""
    quoted = [f"'{word}'" for word in words]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return ", ".join(quoted[:-1]) + f", and {quoted[-1]}"
