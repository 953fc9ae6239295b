"""Whether the SDK's types are young enough to be a standard for answers."""

from __future__ import annotations

import openai

TYPES_ARE_RECENT = int(openai.__version__.split(".")[0]) >= 3
"""Before 3 they lack fields and item types that the API document has; the document itself always holds."""
