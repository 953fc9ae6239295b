"""What the simulator asks of parts that need a real library: vocabulary, speech and pictures.

The core says what it wants as values; `understudy.media` makes it, and imports what it needs at first use.
"""

from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from understudy.core.forms import FormReader
from understudy.core.video_plans import VideoMaker


class MediaUnavailable(Exception):
    """A part that is an extra is not installed.

    Attributes:
        what: subject and verb: "Speech needs".
        extra: name of the extra.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} the extra '{extra}': pip install 'understudy[{extra}]'.")
        self.what = what
        self.extra = extra


class Vocabulary(Protocol):
    """A model family's tokens."""

    def count(self, text: str, encoding: str) -> int:
        """How many tokens a text has; special tokens in it count as ordinary text."""

    def encode(self, text: str, encoding: str) -> list[int]:
        """The numbers of a text's tokens, by the same rule."""

    def token_bytes(self, token: int, encoding: str) -> bytes:
        """The bytes of one token, which need not be text by themselves; none of a number that no token has."""

    def pieces(self, text: str, encoding: str) -> list[str]:
        """The text cut at token borders; tokens that share a character are joined, so that each piece is text."""

    def truncate(self, text: str, limit: int, encoding: str) -> str:
        """The longest beginning that is text and within the text's first `limit` tokens."""


class Speaker(Protocol):
    """A voice."""

    def speak(self, text: str, voice: str, rate: int = 24_000) -> bytes:
        """Speech as PCM, 16 bit little-endian, mono, `rate` samples a second.

        Raises:
            MediaUnavailable: the extra is not installed.
        """

    def speak_phrases(
        self, text: str, voice: str, rate: int = 24_000, *, speed: float = 1.0
    ) -> Iterator[tuple[str, bytes]]:
        """The same phrase by phrase, each with its words; together they are the whole text and speech.

        Args:
            text: what is said.
            voice: as above.
            rate: likewise.
            speed: 0.25 to 4, as a multiple of the voice's own.
        """


class Sound(msgspec.Struct, frozen=True):
    """Audio that was decoded.

    Attributes:
        samples: PCM, 16 bit little-endian, mono.
        rate: samples a second.
        format: what it was decoded from: wav, mp3, aac, flac, ogg, mp4, webm, mpeg, pcm16, g711_ulaw or g711_alaw.
    """

    samples: bytes
    rate: int
    format: str

    @property
    def milliseconds(self) -> int:
        """How long it lasts, cut to whole milliseconds."""
        return len(self.samples) // 2 * 1_000 // self.rate


class UnreadableSound(msgspec.Struct, frozen=True):
    """Why audio was not decoded.

    Attributes:
        reason: `empty`: no bytes, or no sound in them; `too_large`: more bytes than are read; `unknown_format`: no
            container that is known; `no_sound`: one without an audio track; `broken`: not a single sample could be
            decoded; `too_long`: more seconds than are decoded.
        format: as in `Sound` as far as known, else empty.
    """

    reason: str
    format: str = ""


class SoundCodec(Protocol):
    """A hand that packs and unpacks sound: same input, same bytes in every process."""

    def encode(self, pcm: bytes, format: str, rate: int = 24_000) -> bytes:
        """A file in one of wav, mp3, flac, opus, aac, or the bare samples of pcm16, g711_ulaw, g711_alaw.

        Args:
            pcm: 16 bit little-endian, mono.
            format: one of these.
            rate: samples a second of `pcm` and of what is made.

        Raises:
            MediaUnavailable: the extra is not installed.
            ValueError: an unknown format, or a rate that it does not have.
        """

    def encode_pieces(self, pieces: Iterable[bytes], format: str, rate: int = 24_000) -> Iterator[bytes]:
        """The same while the sound is being made; the head of such a file does not tell its length."""

    def decode(
        self, file: bytes, rate: int = 24_000, *, longest: int = 3_600, raw: str | None = None, raw_rate: int = 24_000
    ) -> Sound | UnreadableSound:
        """What a file sounds like, within bounds of memory and time, or why it cannot be heard.

        Args:
            file: its bytes; the container is told by the first of them.
            rate: samples a second wanted.
            longest: seconds after which it is refused.
            raw: pcm16, g711_ulaw or g711_alaw for samples without any head, mono.
            raw_rate: samples a second of those.

        Raises:
            MediaUnavailable: the extra is not installed.
        """


class Heard(msgspec.Struct, frozen=True):
    """What an ear made of a sound.

    Attributes:
        text: its words, or a text that stands for what was not understood; never empty.
        milliseconds: how long it lasts.
        format: as in `Sound`.
        understood: whether `text` is what was said, word for word.
        language: of the words (ISO 639-1); `und` where it is not known.
    """

    text: str
    milliseconds: int
    format: str
    understood: bool = False
    language: str = "und"


class Ear(Protocol):
    """An ear that understands what the speaker said, and measures everything else."""

    def listen(self, file: bytes) -> Heard | UnreadableSound:
        """What is said in a file of any known container, or why it cannot be heard; asking again costs nothing.

        Raises:
            MediaUnavailable: the extra is not installed.
        """

    def hear(self, sound: Sound) -> Heard:
        """What is said in a sound.

        Raises:
            MediaUnavailable: the extra is not installed.
        """


class PicturePlan(msgspec.Struct, frozen=True):
    """What a picture shall be.

    Attributes:
        prompt: what it shows.
        width, height: pixels, each at most 4,096.
        quality: low, medium or high (dall-e: standard is medium, hd is high).
        seed: decides by chance.
        format: png, jpeg or webp.
        background: opaque or transparent.
        compression: 0 to 100, of jpeg and webp; 100 is the least.
        style: vivid or natural.
        model: who makes it, as its manifest shall say; empty for a picture without a manifest (dall-e-2 made none).
        made_at: when, microseconds since the epoch, as its manifest shall say.
    """

    prompt: str
    width: int
    height: int
    quality: str
    seed: bytes
    format: str = "png"
    background: str = "opaque"
    compression: int = 100
    style: str = "vivid"
    model: str = ""
    made_at: int = 0


class EditPlan(msgspec.Struct, frozen=True):
    """What shall become of pictures that a caller sent.

    Attributes:
        result: the picture to make; its prompt says what to change.
        pictures: files that `PictureReader.decode` could read, 1 to 16; the first is the one that is edited.
        mask: a file of the first picture's size with an alpha channel: where its alpha is 0 the picture changes, all
            else stays as it was. None for a picture that may change everywhere. An edit by a picture's own transparency
            (dall-e-2 without a mask) names that picture here too.
        fidelity: low or high: how much of the pictures is kept where they may change.
    """

    result: PicturePlan
    pictures: tuple[bytes, ...]
    mask: bytes | None = None
    fidelity: str = "low"


class VariationPlan(msgspec.Struct, frozen=True):
    """A picture that resembles another.

    Attributes:
        result: the picture to make; its prompt counts for nothing.
        picture: a file that `PictureReader.decode` could read.
    """

    result: PicturePlan
    picture: bytes


class Painter(Protocol):
    """A hand that draws.

    Same plan, same bytes; but for the manifest's signature, which every file gets whose plan names a model, unless
    manifests are switched off or the extra for them is missing.
    """

    def paint(self, plan: PicturePlan) -> bytes:
        """The file's bytes.

        Raises:
            MediaUnavailable: the extra is not installed.
        """

    def edit(self, plan: EditPlan) -> bytes:
        """The same for an edit.

        Kept pixels have exactly the values they had, also their alpha; when the result has another size than the
        first picture, those of the picture scaled to cover it.

        Raises:
            MediaUnavailable: the extra is not installed.
            ValueError: a file that `PictureReader.decode` refuses, or a mask of another size or without alpha.
        """

    def vary(self, plan: VariationPlan) -> bytes:
        """The same for a variation."""

    def partial(self, plan: PicturePlan | EditPlan, step: int, of: int) -> bytes:
        """The picture on its way: `step` of `of`, counted from 0; each comes nearer to the finished one.

        None of them has a manifest ("our choice").
        """


class PictureFacts(msgspec.Struct, frozen=True):
    """What is known of a picture that was decoded whole.

    Attributes:
        width, height: pixels.
        format: png, jpeg, gif or webp.
        has_alpha: whether it has an alpha channel (or names a transparent colour).
        bytes: of the file.
    """

    width: int
    height: int
    format: str
    has_alpha: bool
    bytes: int


class UnreadablePicture(msgspec.Struct, frozen=True):
    """Why a file was not decoded.

    Attributes:
        reason: `empty`; `too_large`: more bytes than are read; `unknown_format`: none of PNG, JPEG, GIF and WebP;
            `broken`: one of them, but cut off or corrupt; `too_many_pixels`: it claims more than are decoded.
        format: png, jpeg, gif or webp as far as known, else empty.
        width, height: as claimed, 0 where unknown.
    """

    reason: str
    format: str = ""
    width: int = 0
    height: int = 0


class PictureReader(Protocol):
    """An eye that measures."""

    def size(self, file: bytes) -> tuple[int, int] | None:
        """Width and height in pixels of a PNG, JPEG, GIF or WebP; None when the file is none of these, or broken.

        Its header alone is read.

        Raises:
            MediaUnavailable: the extra is not installed.
        """

    def decode(self, file: bytes) -> PictureFacts | UnreadablePicture:
        """The same of a file that is decoded to its last pixel, within bounds of memory and time.

        Raises:
            MediaUnavailable: the extra is not installed.
        """


class ProvenanceFacts(msgspec.Struct, frozen=True):
    """What a manifest in a file says.

    Attributes:
        state: `valid`: signed by our test authority, and the file is as it was signed; `invalid`: it was changed
            since, or the signature is broken; `trusted`: by an authority on the reader's trust list (never ours).
        ours: whether our test authority signed it.
        issuer: organization that the signer's certificate names.
        model: that made the picture; None where the manifest names none.
        action: `created` or `edited`; None where it names neither.
        made_at: as RFC 3339 in UTC; None where it does not say.
        ingredients: titles of the pictures that it was made from.
    """

    state: str
    ours: bool
    issuer: str | None
    model: str | None
    action: str | None
    made_at: str | None
    ingredients: tuple[str, ...] = ()


class Provenance(Protocol):
    """A hand that signs where pictures come from, and reads such signatures (C2PA)."""

    def sign(self, file: bytes, plan: PicturePlan | EditPlan | VariationPlan) -> bytes:
        """The file with a manifest.

        It stays as it is when its plan names no model, manifests are switched off, or the extra is not installed.
        """

    def read(self, file: bytes) -> ProvenanceFacts | None:
        """What the manifest in a PNG, JPEG, GIF or WebP says; None for a file without one.

        Raises:
            MediaUnavailable: the extra is not installed.
        """


class Media(msgspec.Struct, frozen=True):
    """All of them."""

    vocabulary: Vocabulary
    speaker: Speaker
    painter: Painter
    reader: PictureReader
    provenance: Provenance
    codec: SoundCodec
    ear: Ear
    videos: VideoMaker
    forms: FormReader
