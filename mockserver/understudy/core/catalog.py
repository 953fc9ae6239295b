"""The models: what they are called, what they can do, and what each usage tier may ask of them.

Built from the data files; a name that is not listed but follows its family's grammar takes the figures of the model
that stands for its size, any other name does not exist.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from understudy.core.dates import midnight
from understudy.core.image_tokens import ImageRule

TIERS = ("free", "tier1", "tier2", "tier3", "tier4", "tier5")
"""The usage tiers as data and keys spell them; their places are the tiers' numbers."""

_SUFFIX = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|latest|preview)\Z")
_FINE_TUNED = re.compile(r"ft:([^:]+):[^:]*:[^:]*:[^:]+\Z")


class RateLimits(msgspec.Struct, frozen=True):
    """What one usage tier may ask of a limit group; None where there is no such limit.

    Attributes:
        rpm, rpd: requests a minute, a day.
        tpm, tpd: LLM tokens a minute, a day.
        ipm: images a minute.
        batch: enqueued batch tokens; None where the tier has no batch queue.
        audio_minutes: minutes of audio a minute.
    """

    rpm: int | None = None
    rpd: int | None = None
    tpm: int | None = None
    tpd: int | None = None
    ipm: int | None = None
    batch: int | None = None
    audio_minutes: int | None = None


class Model(msgspec.Struct, frozen=True):
    """One model.

    Attributes:
        id: as requested.
        snapshot: the dated name that answers carry.
        family: its family in the data.
        listed: the catalogue's own name, whose price and limits it has.
        endpoints: what it can be asked: chat, completions, embeddings, images, realtime, responses, ...
        encoding: vocabulary.
        context_window, max_output_tokens: in tokens.
        reasoning: whether it thinks first.
        prompt_overhead: prompt tokens of a conversation beyond those of its messages.
        logprobs_shown: whether choices have a `logprobs` key.
        fingerprint: `system_fingerprint`: hash, null, empty, or none where the key is absent.
        service_tier_shown: whether whole answers have a `service_tier` key.
        usage_extras: further keys of `usage`: modalities, cache_write.
        emits_text_beside_pictures: whether a picture comes with text output tokens.
        flexible_sizes: whether pictures may have any size.
        input_fidelity: whether edits may say how closely pictures are looked at.
        owned_by: as `/v1/models` says.
        created: seconds since the epoch.
        released, retired: first day it answered, first day it did not; microseconds since the epoch.
        limit_group: models that share it share buckets.
        limits: by tier number, None where the tier does not have the model.
        price: name in the price table.
        abilities: vision, audio, caching, prediction, search, flex, priority; `user_only` where the model takes no
            instructions; of models that complete texts `instructed`, `code`, `insert`, `prompt_logprobs`; of embeddings
            `dimensions`.
        efforts: what `reasoning_effort` takes, in order; empty where the model does not reason or takes none.
        effort: the one it has by default.
        image: what a picture in a message costs; all zero without vision.
        most_choices, most_logprobs: the highest `n` and `top_logprobs`.
        dimensions: of its vectors; 0 where it makes none.
        alike: the cosine of vectors of unrelated texts, in hundredths.
        long: the same model with the limits of long requests, None where they have none of their own.
        long_from: estimated tokens above which a request is long.
    """

    id: str
    snapshot: str
    family: str
    listed: str
    endpoints: frozenset[str]
    encoding: str
    context_window: int
    max_output_tokens: int
    reasoning: bool
    prompt_overhead: int
    logprobs_shown: bool
    fingerprint: str
    service_tier_shown: bool
    usage_extras: frozenset[str]
    emits_text_beside_pictures: bool
    flexible_sizes: bool
    input_fidelity: bool
    owned_by: str
    created: int
    released: int
    retired: int | None
    limit_group: str
    limits: tuple[RateLimits | None, ...]
    price: str
    abilities: frozenset[str] = frozenset()
    efforts: tuple[str, ...] = ()
    effort: str = "none"
    image: ImageRule = ImageRule()
    most_choices: int = 128
    most_logprobs: int = 20
    dimensions: int = 0
    alike: int = 0
    long: "Model | None" = None
    long_from: int = 0


class Grammar:
    """How the names of a family are built: stem, then perhaps a size, then perhaps a date or a word."""

    __slots__ = ("_pattern", "_sizes")

    def __init__(self, stem: str, sizes: Mapping[str, str]) -> None:
        words = "|".join(re.escape(size) for size in sizes if size != "-")
        size = f"(?:-({words}))" + ("?" if "-" in sizes else "")
        self._pattern = re.compile(stem + size + r"\Z")
        self._sizes = sizes

    def stands_for(self, name: str) -> str | None:
        """The listed model whose figures the name takes."""
        match = self._pattern.match(name)
        return None if match is None else self._sizes[match[1] or "-"]


class Catalog:
    """All models of the data files.

    Args:
        models: parsed `models.toml`.
        limits: parsed `limits.toml`.
    """

    def __init__(self, models: Mapping[str, Any], limits: Mapping[str, Any]) -> None:
        self._families: Mapping[str, Mapping[str, Any]] = models["families"]
        self._listed: Mapping[str, Mapping[str, Any]] = models["models"]
        self._grammars = [Grammar(entry["stem"], entry["sizes"]) for entry in models["grammar"]]
        self._limits = {group: _by_tier(rows) for group, rows in limits["groups"].items()}
        sessions = limits["sessions"]
        self._sessions = tuple(sessions.get(tier, 0) for tier in TIERS)
        self._sessions_until = midnight(sessions["until"])
        self._plain: dict[str, str] = {}
        for name, entry in self._listed.items():
            self._plain[name] = name
            for snapshot in entry.get("snapshots", ()):
                self._plain.setdefault(snapshot, name)
        self._found: dict[str, Model | None] = {}

    def find(self, name: str, on: int) -> Model | None:
        """The model of a name, None when there is none (yet) at `on` (microseconds since the epoch).

        Retired models are found; whether they answer is for the caller to decide.
        """
        try:
            model = self._found[name]
        except KeyError:
            model = self._look_up(name)
            # Names come from requests: what does not exist is not remembered, so that memory is bounded.
            if model is not None and len(self._found) < 4_096:
                self._found[name] = model
        return None if model is None or model.released > on else model

    def session_limit(self, tier: int, on: int) -> int | None:
        """How many realtime sessions a usage tier may have open at once, None where that is not limited at `on`."""
        return self._sessions[tier] if on < self._sessions_until else None

    def models(self, on: int) -> list[Model]:
        """All listed models and their snapshots that have been released by `on`, in the data's order."""
        found = []
        for name, entry in self._listed.items():
            for each in dict.fromkeys((name, *entry.get("snapshots", ()))):
                model = self.find(each, on)
                if model is not None and model.listed == name:
                    found.append(model)
        return found

    def _look_up(self, name: str) -> Model | None:
        if len(name) > 256:
            return None
        tuned = _FINE_TUNED.match(name)
        if tuned is not None:
            base = self._look_up(tuned[1])
            return None if base is None else self._build(name, base.listed, name)
        listed = self._plain.get(name)
        if listed is not None:
            return self._build(name, listed, name if name != listed else self._current(listed))
        shorter = _SUFFIX.sub("", name)
        if shorter != name and shorter in self._listed:
            return self._build(name, shorter, name)
        for grammar in self._grammars:
            listed = grammar.stands_for(shorter)
            if listed is not None:
                return self._build(name, listed, name)
        return None

    def _current(self, listed: str) -> str:
        snapshots: list[str] = self._listed[listed].get("snapshots", [])
        return snapshots[-1] if snapshots else listed

    def _build(self, name: str, listed: str, snapshot: str) -> Model:
        own = self._listed[listed]
        facts: dict[str, Any] = {**self._families[own["family"]], **own}
        released = midnight(facts["released"])
        retired = facts.get("retired")
        model = Model(
            id=name,
            snapshot=facts.get("echo", snapshot),
            family=facts["family"],
            listed=listed,
            endpoints=frozenset(facts["endpoints"]),
            encoding=facts["encoding"],
            context_window=facts["context"],
            max_output_tokens=facts["output"],
            reasoning=facts.get("reasoning", False),
            prompt_overhead=facts.get("overhead", 3),
            logprobs_shown=facts.get("logprobs", False),
            fingerprint=facts.get("fingerprint", "none"),
            service_tier_shown=not facts.get("hidden_service_tier", False),
            usage_extras=frozenset(facts.get("extras", ())),
            emits_text_beside_pictures=facts.get("beside", False),
            flexible_sizes=facts.get("flexible", False),
            input_fidelity=facts.get("fidelity", False),
            owned_by="system",
            created=released // 1_000_000,
            released=released,
            retired=None if retired is None else midnight(retired),
            limit_group=facts.get("group", listed),
            limits=self._limits[facts.get("limits", listed)],
            price=facts.get("price", listed),
            abilities=frozenset(facts.get("abilities", ())),
            efforts=tuple(facts.get("efforts", ())),
            effort=facts.get("effort", "none"),
            image=ImageRule(**facts.get("image", {})),
            most_choices=facts.get("most_choices", 128),
            most_logprobs=facts.get("most_logprobs", 20),
            dimensions=facts.get("dimensions", 0),
            alike=facts.get("alike", 0),
        )
        if "long_from" not in facts:
            return model
        long = msgspec.structs.replace(
            model,
            limit_group=f"{model.limit_group}-long-context",
            limits=self._limits[facts["long_limits"]] if "long_limits" in facts else model.limits,
        )
        return msgspec.structs.replace(model, long=long, long_from=facts["long_from"])


def parse_tier(text: str) -> int:
    """The number of a tier spelled `free`, `1` to `5`, or `tier1` to `tier5`.

    Raises:
        ValueError: with what is accepted.
    """
    word = text.strip().lower()
    if word in ("1", "2", "3", "4", "5"):
        return int(word)
    if word in TIERS:
        return TIERS.index(word)
    raise ValueError(f"a usage tier is free, 1, 2, 3, 4 or 5, not {text!r}")


def _by_tier(rows: Mapping[str, Mapping[str, int]]) -> tuple[RateLimits | None, ...]:
    return tuple(RateLimits(**rows[tier]) if tier in rows else None for tier in TIERS)
