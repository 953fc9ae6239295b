"""`python -m understudy_harness.conformance.reference [--wrong NAME]`: a driver to try the suite with."""

import argparse
import asyncio

from understudy_harness.conformance.reference.client import ReferenceClient
from understudy_harness.conformance.reference.driver import serve
from understudy_harness.conformance.reference.wrong import WRONG

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m understudy_harness.conformance.reference", description=__doc__)
    parser.add_argument("--wrong", choices=sorted(WRONG), help="be wrong on purpose in this way")
    chosen = parser.parse_args().wrong
    asyncio.run(serve(ReferenceClient if chosen is None else WRONG[chosen]))
