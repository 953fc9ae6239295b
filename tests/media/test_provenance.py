from __future__ import annotations

import io
import json
import sys

import c2pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from understudy.core.media import EditPlan, MediaUnavailable, PictureFacts, PicturePlan
from understudy.media import provenance as module
from understudy.media.picture_reader import PillowReader
from understudy.media.pictures import PillowPainter
from understudy.media.provenance import ISSUER, C2paProvenance

provenance = C2paProvenance()
painter = PillowPainter(provenance)
MADE = 1_732_406_400_000_000  # 2024-11-24


def plan(form: str = "png", model: str = "gpt-image-1", **changes: object) -> PicturePlan:
    return PicturePlan("a cat", 256, 256, "low", b"s", form, model=model, made_at=MADE, **changes)  # type: ignore[arg-type]


def report(file: bytes, form: str) -> tuple[dict[str, object], str, list[str]]:
    """The active manifest, the state, and the codes of what failed, as the public reader has them."""
    reader = c2pa.Reader(f"image/{form}", io.BytesIO(file))
    found = json.loads(reader.json())
    failures = found["validation_results"]["activeManifest"]["failure"]
    return (
        found["manifests"][found["active_manifest"]],
        reader.get_validation_state(),
        [each["code"] for each in failures],
    )


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_the_public_reader_finds_a_valid_manifest_of_an_untrusted_issuer(form: str) -> None:
    """It names the model and says that the picture was created; the picture still decodes."""
    file = painter.paint(plan(form))
    manifest, state, failures = report(file, form)
    assert state == "Valid"
    assert failures == ["signingCredential.untrusted"]
    assert manifest["signature_info"]["issuer"] == ISSUER  # type: ignore[index]
    assert "proves nothing" in manifest["signature_info"]["common_name"]  # type: ignore[index]
    assert manifest["claim_generator_info"][0]["name"] == "Understudy (test)"  # type: ignore[index]
    action = manifest["assertions"][0]["data"]["actions"][0]  # type: ignore[index]
    assert (action["action"], action["softwareAgent"]["name"]) == ("c2pa.created", "gpt-image-1")
    Image.open(io.BytesIO(file)).load()


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
def test_an_edit_names_its_ingredients(form: str) -> None:
    """The first as parent with its own manifest, the others as components."""
    source = painter.paint(plan())
    other = PillowPainter(C2paProvenance(on=False)).paint(plan("webp"))
    file = painter.edit(EditPlan(plan(form, "gpt-image-1.5"), (source, other, other)))
    manifest, state, failures = report(file, form)
    assert (state, failures) == ("Valid", ["signingCredential.untrusted"])
    ingredients = manifest["ingredients"]
    assert [each["relationship"] for each in ingredients] == ["parentOf", "componentOf", "componentOf"]  # type: ignore[attr-defined]
    assert "active_manifest" in ingredients[0]  # type: ignore[index]
    facts = provenance.read(file)
    assert facts is not None
    assert (facts.state, facts.ours, facts.action, facts.model) == ("valid", True, "edited", "gpt-image-1.5")
    assert facts.ingredients == ("image-1.png", "image-2.webp", "image-3.webp")


def test_what_is_read_is_what_was_signed() -> None:
    """Model, action, time and issuer."""
    facts = provenance.read(painter.paint(plan()))
    assert facts is not None
    assert (facts.state, facts.ours, facts.issuer) == ("valid", True, ISSUER)
    assert (facts.model, facts.action, facts.made_at) == ("gpt-image-1", "created", "2024-11-24T00:00:00Z")


def test_a_stripped_copy_has_no_provenance_and_a_changed_one_is_invalid() -> None:
    """Saved anew the manifest is gone; with one byte of its pixels or its manifest changed it no longer holds."""
    file = painter.paint(plan())
    copy = io.BytesIO()
    Image.open(io.BytesIO(file)).save(copy, "PNG")
    assert provenance.read(copy.getvalue()) is None
    for place in (len(file) - 400, file.index(b"jumb") + 600):
        changed = bytearray(file)
        changed[place] ^= 0x55
        facts = provenance.read(bytes(changed))
        assert facts is not None
        assert (facts.state, facts.ours) == ("invalid", False)


@pytest.mark.parametrize("file", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"GIF89a"])
def test_what_is_no_picture_has_no_provenance(file: bytes) -> None:
    """And raises nothing."""
    assert provenance.read(file) is None


def test_another_authority_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its manifest is valid, but the certificate is another one."""
    file = painter.paint(plan())
    monkeypatch.setattr(module, "_serial_number", lambda: "1")
    facts = provenance.read(file)
    assert facts is not None
    assert (facts.state, facts.ours) == ("valid", False)


def test_no_manifest_for_dall_e_2_nor_when_switched_off() -> None:
    """A plan without a model, or the setting `c2pa = off`."""
    off = C2paProvenance(on=False)
    assert provenance.read(painter.paint(plan(model=""))) is None
    assert provenance.read(PillowPainter(off).paint(plan())) is None
    assert off.read(painter.paint(plan())) is not None


def test_a_kept_picture_is_signed_anew_on_another_day() -> None:
    """The same bytes on the same day, another time in the manifest on the next."""
    one = painter.paint(plan())
    later = PicturePlan("a cat", 256, 256, "low", b"s", model="gpt-image-1", made_at=MADE + 3_600_000_000)
    next_day = PicturePlan("a cat", 256, 256, "low", b"s", model="gpt-image-1", made_at=MADE + 86_400_000_000)
    assert painter.paint(later) is one
    facts = provenance.read(painter.paint(next_day))
    assert facts is not None
    assert facts.made_at == "2024-11-25T00:00:00Z"


@settings(deadline=None, max_examples=60)
@given(
    form=st.sampled_from(["png", "jpeg", "webp"]),
    noise=st.lists(st.tuples(st.integers(-8, 3_000), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_an_edit_is_signed_whatever_manifest_its_picture_carries(form: str, noise: list[tuple[int, int]]) -> None:
    """Also one that no reader can make sense of, as long as the picture itself can be decoded."""
    source = bytearray(painter.paint(plan(form)))
    start = source.index(b"jumb")
    for at, byte in noise:
        source[start + at] = byte
    if not isinstance(PillowReader().decode(bytes(source)), PictureFacts):
        return
    edited = painter.edit(EditPlan(plan(form), (bytes(source),)))
    facts = provenance.read(edited)
    assert facts is not None
    assert (facts.state, facts.ours, facts.action) == ("valid", True, "edited")
    assert len(facts.ingredients) == 1


def test_partial_pictures_carry_no_manifest() -> None:
    """Only the finished one does."""
    assert provenance.read(painter.partial(plan(), 0, 2)) is None


def test_without_the_extra_pictures_are_unsigned_and_reading_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Drawing goes on."""
    monkeypatch.setitem(sys.modules, "c2pa", None)
    module._library.cache_clear()
    try:
        file = PillowPainter(C2paProvenance()).paint(plan())
        assert b"jumb" not in file
        with pytest.raises(MediaUnavailable, match=r"pip install 'understudy\[c2pa\]'"):
            provenance.read(file)
    finally:
        module._library.cache_clear()
