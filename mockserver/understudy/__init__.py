"""Understudy: a local stand-in for the OpenAI API.

    from understudy import MockServer

    with MockServer() as server:
        client = OpenAI(base_url=server.base_url, api_key="sk-anything")

Nothing heavy is imported before it is used.
"""

__version__ = "0.1.0"
__all__ = [
    "MockServer",
    "MockServerError",
    "SettingError",
    "__version__",
    "httpx2_transport",
    "httpx_transport",
    "say",
]

TYPE_CHECKING = False  # type checkers take it for true; importing it from typing would cost more than all the rest
if TYPE_CHECKING:
    from understudy.config import SettingError
    from understudy.media.speech import say
    from understudy.server import MockServer, MockServerError
    from understudy.transports import httpx2_transport, httpx_transport
else:
    # Type checkers do not see this, or every misspelt name would be one that it might know.
    _HOMES = {
        "MockServer": "understudy.server",
        "MockServerError": "understudy.server",
        "SettingError": "understudy.config",
        "httpx2_transport": "understudy.transports",
        "httpx_transport": "understudy.transports",
        "say": "understudy.media.speech",
    }

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module 'understudy' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(home), name)

    def __dir__() -> list[str]:
        return __all__
