"""Webhooks: what is signed, and where it may go."""

from __future__ import annotations

import base64
import json
import time

import openai
import pytest

from understudy.core.webhooks import WebhookError, event, signed_headers, webhook_to

SECRET = "whsec_" + base64.b64encode(b"a secret of 24 bytes ...").decode()
NOW = 1_795_471_200_000_000


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's own libraries."""
    webhook = webhook_to("http://localhost/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    told = event("contact.created", {}, NOW, b"seed")
    message = type(told)(told.id, "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    headers = signed_headers(message, webhook, 1_614_265_330)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (message.message_id, "1614265330")


def test_the_official_sdk_reads_it() -> None:
    """And refuses it when a byte was changed."""
    told = event("realtime.call.incoming", {"call_id": "rtc_1", "sip_headers": []}, NOW, b"seed")
    headers = signed_headers(told, webhook_to("http://127.0.0.1:1/x", SECRET), int(time.time()))
    client = openai.OpenAI(api_key="sk-x", webhook_secret=SECRET)
    read = client.webhooks.unwrap(told.body, headers)
    assert (read.type, read.id, read.created_at) == ("realtime.call.incoming", told.id, NOW // 1_000_000)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(told.body + b" ", headers)
    assert list(json.loads(told.body)) == ["object", "id", "type", "created_at", "data"]
    assert (told.id[:4], told.message_id[:3], len(told.id), len(told.message_id)) == ("evt_", "wh_", 36, 35)


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("http://127.0.0.1:8000/hook?x=1", "127.0.0.1", 8000, "/hook?x=1"),
        ("http://localhost", "localhost", 80, "/"),
        ("http://[::1]:9/a", "::1", 9, "/a"),
        ("http://127.9.9.9:1/", "127.9.9.9", 1, "/"),
    ],
)
def test_this_machine_is_told(url: str, host: str, port: int, target: str) -> None:
    webhook = webhook_to(url, SECRET)
    assert (webhook.host, webhook.port, webhook.target) == (host, port, target)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://example.com/hook", "not on this machine"),
        ("http://10.0.0.1/hook", "not on this machine"),
        ("http://0.0.0.0/hook", "not on this machine"),
        ("http://localhost.example.com/hook", "not on this machine"),
        ("http://127.0.0.1.nip.io/hook", "not on this machine"),
        ("http://2130706433/hook", "not on this machine"),
        ("http://127.0.0.1@example.com/", "not on this machine"),
        ("https://127.0.0.1/hook", "not of the form"),
        ("file:///etc/passwd", "not of the form"),
        ("hook", "not of the form"),
        ("http://127.0.0.1:x/", "cannot be read"),
        ("http://127.0.0.1/a b", "percent-encoded"),
        ("http://127.0.0.1/\u00e9", "percent-encoded"),
    ],
)
def test_nobody_else_is(url: str, said: str) -> None:
    """In a sentence that names the URL."""
    with pytest.raises(WebhookError, match=said) as refused:
        webhook_to(url, SECRET)
    assert url in str(refused.value) or repr(url) in str(refused.value)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "plain", "whsec_abc"])
def test_a_secret_that_is_none_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(WebhookError) as refused:
        webhook_to("http://127.0.0.1/", secret)
    assert str(refused.value) == "The webhook secret must be 'whsec_' and base64, as the platform shows it."
