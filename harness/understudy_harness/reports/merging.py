"""Several reports in one file: a matrix is made of it, or the next merge."""

from collections.abc import Sequence

import msgspec

from understudy_harness.reports.json import LAYOUT
from understudy_harness.reports.reading import Reading, ReportError


def merge(readings: Sequence[Reading]) -> bytes:
    """One file with all reports as they are, in order.

    The same client twice is refused, and not settled by whichever came later: a column of a matrix that went missing
    unnoticed would be worse (our choice). It is the same when its name, version, runtime and HTTP library are, and its
    driver was started by the same command.

    Raises:
        ReportError: a client is there twice.
    """
    seen: dict[tuple[str, ...], Reading] = {}
    for reading in readings:
        before = seen.setdefault(reading.report.identity, reading)
        if before is not reading:
            raise ReportError(
                f"{reading.report.client.title} is in {before.file} (of {before.report.started_at}) and in "
                f"{reading.file} (of {reading.report.started_at}): leave one of them out"
            )
    document = {"layout": LAYOUT, "reports": [reading.plain for reading in readings]}
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
