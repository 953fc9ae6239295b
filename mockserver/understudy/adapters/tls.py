"""TLS by a local authority that is made for one run and trusted by nobody who is not told to."""

import ssl
import tempfile
from pathlib import Path


class LocalAuthority:
    """A certificate authority, and a certificate of its for this machine.

    Attributes:
        certificate: file with the authority's certificate, for clients to trust; gone after `close`.
        server_chain: file with the server's key and chain.
    """

    def __init__(self, host: str) -> None:
        import trustme

        self._folder = tempfile.TemporaryDirectory(prefix="understudy-tls-")
        folder = Path(self._folder.name)
        self.certificate = folder / "authority.pem"
        self.server_chain = folder / "server.pem"
        authority = trustme.CA(organization_name="Understudy test authority")
        names = dict.fromkeys(("localhost", "127.0.0.1", "::1", *(() if host in ("0.0.0.0", "::") else (host,))))  # noqa: S104 - it is compared, not bound
        server = authority.issue_cert(*names)
        authority.cert_pem.write_to_path(str(self.certificate))
        server.private_key_and_cert_chain_pem.write_to_path(str(self.server_chain))
        self.server_chain.chmod(0o600)

    def client_context(self) -> ssl.SSLContext:
        """A context that trusts this authority and nobody else."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def close(self) -> None:
        """Remove the files."""
        self._folder.cleanup()
