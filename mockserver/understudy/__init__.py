"""Understudy: a local stand-in for the OpenAI API.

    from understudy import MockServer

    with MockServer() as server:
        client = OpenAI(base_url=server.base_url, api_key="sk-anything")

Nothing heavy is imported before it is used.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.config import SettingError
    from understudy.media.speech import say
    from understudy.server import MockServer, MockServerError

__version__ = "0.1.0"
__all__ = ["MockServer", "MockServerError", "SettingError", "__version__", "say"]

_HOMES = {
    "MockServer": "understudy.server",
    "MockServerError": "understudy.server",
    "SettingError": "understudy.config",
    "say": "understudy.media.speech",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'understudy' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
