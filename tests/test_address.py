import pytest

from understudy.address import Address


@pytest.mark.parametrize(
    ("address", "base_url", "websocket_base_url", "control_url", "is_local"),
    [
        (
            Address("127.0.0.1", 8080, tls=False),
            "http://127.0.0.1:8080/v1",
            "ws://127.0.0.1:8080/v1",
            "http://127.0.0.1:8080/_understudy",
            True,
        ),
        (
            Address("localhost", 1, tls=True),
            "https://localhost:1/v1",
            "wss://localhost:1/v1",
            "https://localhost:1/_understudy",
            True,
        ),
        (Address("::1", 1, tls=False), "http://[::1]:1/v1", "ws://[::1]:1/v1", "http://[::1]:1/_understudy", True),
        # Nobody can connect to "all addresses".
        (
            Address("0.0.0.0", 1, tls=False),  # noqa: S104 - nothing listens
            "http://127.0.0.1:1/v1",
            "ws://127.0.0.1:1/v1",
            "http://127.0.0.1:1/_understudy",
            False,
        ),
        (Address("::", 1, tls=False), "http://[::1]:1/v1", "ws://[::1]:1/v1", "http://[::1]:1/_understudy", False),
        (
            Address("mock.test", 1, tls=False),
            "http://mock.test:1/v1",
            "ws://mock.test:1/v1",
            "http://mock.test:1/_understudy",
            False,
        ),
    ],
)
def test_the_urls_can_be_pasted_into_a_client(
    address: Address, base_url: str, websocket_base_url: str, control_url: str, is_local: bool
) -> None:
    """With brackets round IPv6, and a host that one can connect to."""
    assert (address.base_url, address.websocket_base_url) == (base_url, websocket_base_url)
    assert (address.control_url, address.is_local) == (control_url, is_local)
