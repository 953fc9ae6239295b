"""The words by which expectations ask for evidence, from all the modules that have some."""

from understudy_harness.conformance.expectations import Word
from understudy_harness.conformance.words_life import LIFE_WORDS
from understudy_harness.conformance.words_media import MEDIA_WIRE_WORDS, MEDIA_WORDS
from understudy_harness.conformance.words_report import REPORT_WORDS
from understudy_harness.conformance.words_settings import SETTINGS_WORDS
from understudy_harness.conformance.words_socket import SOCKET_WORDS
from understudy_harness.conformance.words_stopping import STOPPING_WORDS
from understudy_harness.conformance.words_tidy import TIDY_WORDS
from understudy_harness.conformance.words_tools import TOOL_WORDS
from understudy_harness.conformance.words_wire import WIRE_WORDS

WORDS: dict[str, Word] = {
    **WIRE_WORDS,
    **LIFE_WORDS,
    **TOOL_WORDS,
    **REPORT_WORDS,
    **TIDY_WORDS,
    **SOCKET_WORDS,
    **SETTINGS_WORDS,
    **STOPPING_WORDS,
    **MEDIA_WORDS,
}
"""Every word of the language of expectations."""
_REPORTED_BY_PROGRAMS = (
    "outcome", "text", "told_once", "successes", "failures", "exit_code", "stdout", "ok.text", "ok.sha256", "canary",
)  # fmt: skip
_ON_SOCKETS = tuple(name for name in SOCKET_WORDS if name.startswith("ws."))
_ON_THE_WIRE = (*WIRE_WORDS, *SETTINGS_WORDS, *STOPPING_WORDS, *MEDIA_WIRE_WORDS, *_ON_SOCKETS, *TOOL_WORDS)
SEEN_IN_PROGRAMS = frozenset((*_ON_THE_WIRE, *TIDY_WORDS, *_REPORTED_BY_PROGRAMS))
"""Words whose value is known of a program of which only the wire, the exit code and the output are seen."""
