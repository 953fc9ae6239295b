"""What moderation says of a text: categories, scores, and whether it is flagged.

The categories, in the order of recorded answers, are those of the OpenAPI document. What flags a text is the list of
words in `moderation.toml`; scores are made up ("our choice"): high for words of the list, and next to nothing, but
never 0, for everything else. The same text has the same scores.
"""

from typing import Any

from understudy.core.replies.dice import Dice
from understudy.core.replies.moderation import Moderation

CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "sexual",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm/intent",
    "self-harm/instructions",
    "self-harm",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
MODELS = ("omni-moderation-latest", "omni-moderation-2024-09-26", "text-moderation-latest", "text-moderation-stable")
_SEEN = frozenset(("sexual", "self-harm/intent", "self-harm/instructions", "self-harm", "violence", "violence/graphic"))
"""Categories for which pictures are looked at, too (OpenAPI document)."""
_THOUSANDTHS = {True: (900, 95), False: (550, 200)}
"""Least score of a strong and of a mild word, and how much more it may be."""


def moderated(text: str, moderation: Moderation, *, pictures: bool = False, texts: bool = True) -> dict[str, Any]:
    """Flags and scores of one text.

    Args:
        text: all of it.
        moderation: the list of words.
        pictures: whether there are pictures beside it; they are not looked at, and never flagged.
        texts: whether there is a text at all.

    Returns:
        The fields flagged, categories, category_scores and category_applied_input_types.
    """
    found: dict[str, bool] = {}
    for finding in moderation.findings(text):
        found[finding.category] = finding.strong or found.get(finding.category, False)
    dice = Dice(text.encode("utf-8", "surrogatepass"), b"moderation")
    scores = {}
    for category in CATEGORIES:
        if category in found:
            least, more = _THOUSANDTHS[found[category]]
            scores[category] = round((1_000 * least + dice.below(1_000 * more)) / 1_000_000, 6)
        else:
            scores[category] = round((1 + dice.below(9_000)) / 10_000_000, 7)
    return {
        "flagged": bool(found),
        "categories": {category: category in found for category in CATEGORIES},
        "category_scores": scores,
        "category_applied_input_types": {
            category: ["text"] * texts + ["image"] * (pictures and category in _SEEN) for category in CATEGORIES
        },
    }
