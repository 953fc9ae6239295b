import os
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from understudy.adapters.tls import LocalAuthority


@pytest.fixture
def authority() -> Iterator[LocalAuthority]:
    made = LocalAuthority("mock.test")
    yield made
    made.close()


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """Shake hands in memory, over no socket at all."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        for side in list(sides):
            try:
                side.do_handshake()
                sides.remove(side)
            except ssl.SSLWantReadError:
                continue


def server_context(authority: LocalAuthority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.server_chain)
    return context


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "mock.test"])
def test_the_certificate_is_good_for_this_machine_and_the_host(authority: LocalAuthority, name: str) -> None:
    """By whatever name a client calls it, and by the strictest rules there are."""
    client = ssl.create_default_context(cafile=str(authority.certificate))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    handshake(server_context(authority), client, name)


def test_nobody_else_is_answered_for(authority: LocalAuthority) -> None:
    """A client that trusts the authority still finds out who is not meant."""
    client = ssl.create_default_context(cafile=str(authority.certificate))
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(server_context(authority), client, "api.openai.com")


def test_a_client_that_was_told_nothing_trusts_nothing(authority: LocalAuthority) -> None:
    """The machine's own trust is left alone."""
    with pytest.raises(ssl.SSLCertVerificationError, match=r"unable to get local issuer|self.signed"):
        handshake(server_context(authority), ssl.create_default_context(), "localhost")


def test_the_bundle_adds_to_what_was_trusted_before(
    authority: LocalAuthority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A program under `exec` reaches the rest of the world as before, and other local servers too."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    second = LocalAuthority("127.0.0.1")
    client = ssl.create_default_context(cafile=str(second.bundle))
    handshake(server_context(authority), client, "localhost")
    handshake(server_context(second), client, "localhost")
    second.close()


def test_programs_are_told_by_the_variables_they_know(authority: LocalAuthority) -> None:
    """Those that replace what they trust get the bundle, Node, which adds, the authority alone."""
    assert authority.trust_variables() == {
        "SSL_CERT_FILE": str(authority.bundle),
        "REQUESTS_CA_BUNDLE": str(authority.bundle),
        "CURL_CA_BUNDLE": str(authority.bundle),
        "NODE_EXTRA_CA_CERTS": str(authority.certificate),
    }


@pytest.mark.skipif(os.name == "nt", reason="Windows has no permission bits")
def test_the_files_are_private_and_go_away(authority: LocalAuthority) -> None:
    """Nobody else may read the server's key, and nothing is left."""
    folder = authority.certificate.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    authority.close()
    assert not folder.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])  # noqa: S104 - nothing listens
def test_all_addresses_is_no_name(host: str) -> None:
    """It would help nobody in a certificate: one cannot connect to it."""
    authority = LocalAuthority(host)
    client = ssl.create_default_context(cafile=str(authority.certificate))
    handshake(server_context(authority), client, "localhost")
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        handshake(server_context(authority), client, host)
    authority.close()
