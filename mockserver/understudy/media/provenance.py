"""Provenance: C2PA manifests in PNG, JPEG and WebP, signed by a test authority of ours, which proves nothing.

Layout of the manifest: a `c2pa.created` action that names the model, as decoded from a real picture of 2025-05; an edit
names the first picture as its parent and the others as components (C2PA specification 2.2, "Ingredients"). It has no
thumbnail, which real edits have: it would cost more than the picture ("our choice"). Needs the extra `c2pa`.
"""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Any

from understudy.core.media import (
    EditPlan,
    MediaUnavailable,
    PicturePlan,
    ProvenanceFacts,
    UnreadablePicture,
    VariationPlan,
)
from understudy.media.picture_reader import decoded, picture_format
from understudy_data import read as read_data

_CERTIFICATES = "certificates/understudy-test-signer.pem"
_KEY = "certificates/understudy-test-signer.key"
ISSUER = "Understudy Test Authority"
"""The organization in our certificates."""
_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""What real manifests say of their pictures (decoded from one of 2025-05)."""
_EDIT_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""The same for edits (IPTC's list, 2026-11)."""
_ACTIONS = {"c2pa.created": "created", "c2pa.edited": "edited"}
_SETTINGS = {
    # No call leaves the machine, whatever a manifest points at.
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "builder": {"thumbnail": {"enabled": False}},
}

Plan = PicturePlan | EditPlan | VariationPlan


class C2paProvenance:
    """Signs with c2pa-python, and reads with it.

    Attributes:
        signs: whether pictures get a manifest; False when manifests are switched off or the extra is not installed.
    """

    def __init__(self, *, on: bool = True) -> None:
        self._on = on
        self._lock = threading.Lock()

    @property
    def signs(self) -> bool:
        """See the class."""
        return self._on and _library() is not None

    def sign(self, file: bytes, plan: Plan) -> bytes:
        """The file with a manifest, or as it is when its plan names no model or nothing is signed."""
        result = plan if isinstance(plan, PicturePlan) else plan.result
        if not result.model or not self.signs:
            return file
        ingredients = _ingredients(plan)
        # One at a time: nothing says that the library's context may be shared between threads.
        with self._lock:
            try:
                return _signed(file, result, ingredients)
            except _library().C2paError:
                if not ingredients:
                    raise
                # A picture that was sent carries a manifest which cannot be read: it is named without it.
                return _signed(file, result, tuple(_stripped(ingredient) for ingredient in ingredients))

    def read(self, file: bytes) -> ProvenanceFacts | None:
        """What the manifest of a picture says; None for a file without one.

        Raises:
            MediaUnavailable: the extra is not installed.
        """
        library = _library()
        if library is None:
            raise MediaUnavailable("Reading manifests needs", "c2pa")
        kind = picture_format(file)
        if kind is None:
            return None
        with self._lock:
            try:
                reader = library.Reader(f"image/{kind}", BytesIO(file), context=_context())
            except library.C2paError.ManifestNotFound:
                return None
            except library.C2paError:
                # There is something that calls itself a manifest, or the file itself is broken.
                return ProvenanceFacts("invalid", False, None, None, None, None) if b"jumb" in file else None
            with reader:
                return _facts(json.loads(reader.json()), str(reader.get_validation_state()))


@cache
def _library() -> Any:
    """The module c2pa; None when it is not installed."""
    try:
        import c2pa
    except ImportError:
        return None
    return c2pa


@cache
def _context() -> Any:
    library = _library()
    return library.Context(library.Settings.from_dict(_SETTINGS))


def _ingredients(plan: Plan) -> tuple[bytes, ...]:
    if isinstance(plan, EditPlan):
        return plan.pictures
    return (plan.picture,) if isinstance(plan, VariationPlan) else ()


def _signed(file: bytes, result: PicturePlan, ingredients: tuple[bytes, ...]) -> bytes:
    builder, signer = _builder(result, ingredients)
    signed = BytesIO()
    builder.sign(signer, f"image/{result.format}", BytesIO(file), signed)
    return signed.getvalue()


def _stripped(file: bytes) -> bytes:
    """The pixels of a picture and nothing else, as a PNG."""
    picture = decoded(file)
    if isinstance(picture, UnreadablePicture):
        raise ValueError(f"An ingredient is no picture that can be decoded: {picture.reason}.")
    plain = BytesIO()
    picture.convert("RGBA" if picture.has_transparency_data else "RGB").save(plain, "PNG", compress_level=1)
    return plain.getvalue()


def _builder(result: PicturePlan, ingredients: tuple[bytes, ...]) -> tuple[Any, Any]:
    """Everything but the file: a manifest in the making, and who signs it."""
    library = _library()
    labels = [f"picture-{number}" for number in range(len(ingredients))]
    builder = library.Builder(_manifest(result, labels), context=_context())
    for number, (label, file) in enumerate(zip(labels, ingredients, strict=True)):
        kind = picture_format(file) or result.format
        facts = {
            "title": f"image.{kind}" if len(ingredients) == 1 else f"image-{number + 1}.{kind}",
            "relationship": "componentOf" if number else "parentOf",
            "label": label,
        }
        builder.add_ingredient(facts, f"image/{kind}", BytesIO(file))
    chain = read_data(_CERTIFICATES)
    info = library.C2paSignerInfo(library.C2paSigningAlg.ES256, chain, read_data(_KEY), None)
    return builder, library.Signer.from_info(info)


def _manifest(result: PicturePlan, labels: list[str]) -> dict[str, Any]:
    when = datetime.fromtimestamp(result.made_at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    actions: list[dict[str, Any]] = [
        {"action": "c2pa.placed" if number else "c2pa.opened", "parameters": {"ingredientIds": [label]}}
        for number, label in enumerate(labels)
    ]
    actions.insert(
        min(1, len(actions)),
        {
            "action": "c2pa.edited" if labels else "c2pa.created",
            "softwareAgent": {"name": result.model},
            "digitalSourceType": _EDIT_SOURCE_TYPE if labels else _SOURCE_TYPE,
            "when": when,
        },
    )
    return {
        "claim_generator_info": [{"name": "Understudy (test)"}],
        "title": f"image.{result.format}",
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def _facts(report: dict[str, Any], state: str) -> ProvenanceFacts:
    """The reader's report, in our words."""
    manifest = report["manifests"][report["active_manifest"]]
    signature = manifest.get("signature_info", {})
    action, model, made_at = None, None, None
    for assertion in manifest.get("assertions", ()):
        if not assertion["label"].startswith("c2pa.actions"):
            continue
        for step in assertion["data"].get("actions", ()):
            if step.get("action") in _ACTIONS:
                agent = step.get("softwareAgent")
                action = _ACTIONS[step["action"]]
                model = agent.get("name") if isinstance(agent, dict) else agent
                made_at = step.get("when")
    valid = state.lower() in ("valid", "trusted")
    ours = valid and signature.get("cert_serial_number") == _serial_number()
    return ProvenanceFacts(
        state=state.lower(),
        ours=ours,
        issuer=signature.get("issuer"),
        model=model,
        action=action,
        made_at=made_at,
        ingredients=tuple(ingredient.get("title", "") for ingredient in manifest.get("ingredients", ())),
    )


@cache
def _serial_number() -> str:
    """Of our signer's certificate."""
    from cryptography.x509 import load_pem_x509_certificates

    return str(load_pem_x509_certificates(read_data(_CERTIFICATES))[0].serial_number)
