"""TLS by a local authority that is made for one run and trusted by nobody who is not told to.

Made anew each time on purpose: the key of an authority that stays on the disk could forge any site's certificate, on
every machine that was once told to trust it.
"""

import os
import ssl
import tempfile
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path

_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class LocalAuthority:
    """A certificate authority, and a certificate of its for this machine.

    The files lie in a private folder, readable by their owner only, and are gone after `close`, or at the latest when
    the process ends. The authority's own key is never written.

    Args:
        host: the address or name that is listened on; it stands in the certificate beside localhost, 127.0.0.1 and ::1.

    Attributes:
        certificate: file with the authority's certificate alone, for clients that add it to those they trust.
        bundle: file with it and the certificates that this machine trusted before, for clients that replace those.
        server_chain: file with the server's key and chain.
    """

    def __init__(self, host: str) -> None:
        import trustme

        self._folder = tempfile.TemporaryDirectory(prefix="understudy-tls-")
        folder = Path(self._folder.name)
        self.certificate = folder / "authority.pem"
        self.bundle = folder / "bundle.pem"
        self.server_chain = folder / "server.pem"
        authority = trustme.CA(organization_name="Understudy", organization_unit_name="made for one run")
        certificate = authority.cert_pem.bytes()
        _write(self.certificate, certificate)
        _write(self.bundle, certificate + _trusted_before())
        _write(self.server_chain, authority.issue_cert(*_names(host)).private_key_and_cert_chain_pem.bytes())

    def trust_variables(self) -> Mapping[str, str]:
        """Environment variables by which programs trust this authority, beside all they trusted before."""
        bundle = str(self.bundle)
        return {
            "SSL_CERT_FILE": bundle,  # OpenSSL, and with it Python's ssl, httpx, httpx2, Go, Ruby
            "REQUESTS_CA_BUNDLE": bundle,  # requests
            "CURL_CA_BUNDLE": bundle,  # curl
            "NODE_EXTRA_CA_CERTS": str(self.certificate),  # Node adds to its own
        }

    def close(self) -> None:
        """Remove the files."""
        self._folder.cleanup()


def _names(host: str) -> list[str]:
    names = list(_LOCAL_NAMES)
    try:
        concrete = not ip_address(host).is_unspecified
    except ValueError:
        concrete = True
    if concrete and host not in names:
        names.append(host)
    return names


def _write(path: Path, content: bytes) -> None:
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(content)


def _trusted_before() -> bytes:
    """Certificates that this machine trusts; where the system keeps no such file, certifi's if it is installed."""
    # The system's default, or what SSL_CERT_FILE says instead; None when there is no such file.
    path = ssl.get_default_verify_paths().cafile or ""
    if not path and find_spec("certifi") is not None:
        path = import_module("certifi").where()
    return b"\n" + Path(path).read_bytes() if path else b""
