"""Sound in files: wav, mp3, flac, opus, aac, PCM and G.711 written; anything that callers send read, within bounds.

FFmpeg does the work, from the package `av` (extra `speech`). Its code is under the LGPL, but the wheels on PyPI also
carry the GPL libraries x264 and x265, so the package as a whole is to be taken as GPL: an extra, never a requirement.
All of FFmpeg's own random choices (serial numbers, encoder names) are switched off: same input, same bytes.

Only these containers are ever opened, by a file's first bytes: FFmpeg also knows playlists and network streams, which
a file from outside must not reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import msgspec

from understudy.core.media import MediaUnavailable, Sound, UnreadableSound

if TYPE_CHECKING:
    import av
    import numpy
    from av.audio.codeccontext import AudioCodecContext
    from av.audio.resampler import AudioResampler
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer

MAXIMUM_BYTES = 64 * 1024 * 1024
"""Of a file that is decoded ("our choice"; audio endpoints take 25 MB, chat bodies are bounded by the server)."""
LONGEST = 3_600
"""Seconds of sound that are decoded: at most 173 MB at 24 kHz ("our choice")."""
RATES = (8_000, 48_000)
"""Lowest and highest samples a second of what is made."""


class _Form(msgspec.Struct, frozen=True):
    """How FFmpeg writes a format.

    Attributes:
        container, codec: FFmpeg's names.
        sample: its name for the form of the samples that the codec takes.
        options: of the codec.
        container_options: of the container.
        rates: samples a second that the codec takes; empty for all.
    """

    container: str
    codec: str
    sample: str
    options: dict[str, str] = {}
    container_options: dict[str, str] = {}
    rates: tuple[int, ...] = ()


_MPEG_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
_FORMS = {
    # Recorded 2026-08: 24 kHz mono at 128 kbit/s, the first frame without any tag before it.
    "mp3": _Form("mp3", "libmp3lame", "s16p", {"b": "128k"}, {"id3v2_version": "0"}, _MPEG_RATES),
    "flac": _Form("flac", "flac", "s16"),
    # Recorded 2025-08: written by the same container writer; its size is that of the codec's default rate.
    "opus": _Form("ogg", "libopus", "s16", rates=(8_000, 12_000, 16_000, 24_000, 48_000)),
    "aac": _Form("adts", "aac", "fltp", {"b": "96k"}, rates=_MPEG_RATES),
}
_LAWS = {"g711_ulaw": "pcm_mulaw", "g711_alaw": "pcm_alaw"}
FORMATS = ("wav", "mp3", "flac", "opus", "aac", "pcm16", *_LAWS)
"""What is written. The laws have 8,000 samples a second by their standard, but any rate is taken as it comes."""
_AT_ONCE = 48_000
"""Samples that go through an encoder in one piece."""


class FfmpegCodec:
    """Every format that the API speaks of (extra `speech`)."""

    def encode(self, pcm: bytes, format: str, rate: int = 24_000) -> bytes:
        """A file, or the bare samples of pcm16 and G.711.

        Raises:
            MediaUnavailable: the extra is not installed.
            ValueError: an unknown format, or a rate that it does not have.
        """
        check_format(format, rate)
        pcm = _even(pcm)
        if format == "pcm16":
            return pcm
        if format == "wav":
            return wav_header(rate, len(pcm)) + pcm
        if format in _LAWS:
            return _to_law(format, pcm)
        # A container that may go back to its head writes the exact length there.
        file = BytesIO()
        encoder = _Encoder(_FORMS[format], rate, file, {})
        # Of no sound at all they would write no file at all.
        encoder.take(pcm or bytes(rate // 50 * 2))
        encoder.finish()
        return file.getvalue()

    def encode_pieces(self, pieces: Iterable[bytes], format: str, rate: int = 24_000) -> Iterator[bytes]:
        """The same while the sound is being made: parts of one file that is never gone back to.

        Its head does not tell the length, as that of a streamed answer (a wav says 0xFFFFFFFF, recorded 2026-08).
        """
        check_format(format, rate)
        if format == "wav":
            yield wav_header(rate, None)
        if format in ("pcm16", "wav") or format in _LAWS:
            for piece in pieces:
                if made := _to_law(format, piece) if format in _LAWS else piece:
                    yield made
            return
        sink = _Sink()
        encoder = _Encoder(_FORMS[format], rate, sink, {"write_xing": "0"} if format == "mp3" else {})
        for piece in pieces:
            encoder.take(piece)
            if made := sink.taken():
                yield made
        encoder.finish()
        if made := sink.taken():
            yield made

    def decode(
        self, file: bytes, rate: int = 24_000, *, longest: int = LONGEST, raw: str | None = None, raw_rate: int = 24_000
    ) -> Sound | UnreadableSound:
        """What a file sounds like, or why it cannot be heard.

        A file that breaks off is taken as far as it goes, as decoders do.

        Args:
            file: wav, mp3, flac, Ogg (opus, vorbis, flac), mp4 and m4a, webm, MPEG or ADTS, told by its first bytes.
            rate: samples a second wanted.
            longest: seconds after which it is refused.
            raw: pcm16, g711_ulaw or g711_alaw for samples without any head, mono.
            raw_rate: samples a second of those.

        Raises:
            MediaUnavailable: the extra is not installed.
            ValueError: `raw` or a rate is none of these.
        """
        if not file:
            return UnreadableSound("empty")
        kind = raw or sound_format(file)
        if len(file) > MAXIMUM_BYTES:
            return UnreadableSound("too_large", kind or "")
        if kind is None:
            return UnreadableSound("unknown_format")
        if raw is not None:
            return _decoded_raw(file, rate, longest, raw, raw_rate)
        check_format("pcm16", rate)
        return _decoded(file, kind, rate, longest)


def sound_format(file: bytes) -> str | None:
    """`wav`, `mp3`, `aac`, `flac`, `ogg`, `mp4`, `webm` or `mpeg` by the file's first bytes; None for anything else."""
    if file[:4] in (b"RIFF", b"RF64") and file[8:12] == b"WAVE":
        return "wav"
    for magic, kind in ((b"fLaC", "flac"), (b"OggS", "ogg"), (b"\x1a\x45\xdf\xa3", "webm"), (b"\0\0\x01\xba", "mpeg")):
        if file.startswith(magic):
            return kind
    if file[4:8] == b"ftyp":
        return "mp4"
    head = file[_id3_length(file) :][:4]
    if head == b"fLaC":
        return "flac"
    # MPEG audio: eleven bits of ones, then version, layer, rate and frequency, of which some values are none.
    if len(head) == 4 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        if head[1] & 0xF6 == 0xF0:
            return "aac"
        version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
        if version != 1 and layer != 0 and head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3:
            return "mp3"
    return "mp3" if file.startswith(b"ID3") else None


def wav_header(rate: int, size: int | None) -> bytes:
    """The 44 bytes before `size` bytes of PCM, 16 bit, mono; None for a length not known yet."""
    whole = 0xFFFFFFFF if size is None else size
    return b"".join(
        (
            b"RIFF",
            min(whole + 36, 0xFFFFFFFF).to_bytes(4, "little"),
            b"WAVEfmt \x10\0\0\0\x01\0\x01\0",
            rate.to_bytes(4, "little"),
            (rate * 2).to_bytes(4, "little"),
            b"\x02\0\x10\0data",
            whole.to_bytes(4, "little"),
        )
    )


_DEMUXERS = {
    "wav": "wav",
    "mp3": "mp3",
    "aac": "aac",
    "flac": "flac",
    "ogg": "ogg",
    "mp4": "mov",
    "webm": "matroska",
    "mpeg": "mpeg",
}

_CODECS = (
    "pcm_",
    "adpcm_",
    "mp1",
    "mp2",
    "mp3",
    "aac",
    "alac",
    "flac",
    "opus",
    "libopus",
    "vorbis",
    "ac3",
    "eac3",
    "gsm",
)
"""FFmpeg's names of the decoders that are used, by their beginnings; it has hundreds more."""
_FASTEST = 768_000
"""Samples a second; no recorder makes more."""


class _Sink:
    """A file that can only be written to, and what was written since it was last asked for."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def taken(self) -> bytes:
        data = bytes(self._held)
        self._held.clear()
        return data


class _Encoder:
    """One file being written."""

    def __init__(self, form: _Form, rate: int, file: Any, container_options: dict[str, str]) -> None:
        self._av = _library()
        # Without `bitexact` an Ogg gets a random serial number, and every file the writer's version.
        options = {"fflags": "+bitexact", **form.container_options, **container_options}
        self._container: OutputContainer = self._av.open(file, "w", format=form.container, options=options)
        codec_options = {"flags": "+bitexact", "threads": "1", **form.options}
        self._stream: AudioStream = self._container.add_stream(form.codec, rate=rate, options=codec_options)
        self._stream.codec_context.format = form.sample
        self._stream.codec_context.layout = "mono"
        self._form = form
        self._rate = rate
        self._time = 0

    def take(self, pcm: bytes) -> None:
        import numpy

        for start in range(0, len(pcm), 2 * _AT_ONCE):
            samples = numpy.frombuffer(pcm[start : start + 2 * _AT_ONCE], "<i2")[None, :]
            if self._form.sample == "fltp":
                samples = samples.astype(numpy.float32) / 32_768
            frame = self._av.AudioFrame.from_ndarray(samples, format=self._form.sample, layout="mono")
            frame.sample_rate = self._rate
            frame.pts = self._time
            self._time += samples.shape[1]
            for packet in self._stream.encode(frame):
                self._container.mux(packet)

    def finish(self) -> None:
        for packet in self._stream.encode(None):
            self._container.mux(packet)
        self._container.close()


def check_format(format: str, rate: int) -> None:
    """Raise a ValueError, with what is accepted, for what is not written."""
    if format not in FORMATS:
        raise ValueError(f"the format is {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, not {format!r}")
    rates = _FORMS[format].rates if format in _FORMS else ()
    if rates and rate not in rates:
        accepted = ", ".join(map(str, rates[:-1]))
        raise ValueError(f"the rate of {format} is {accepted} or {rates[-1]} samples a second, not {rate!r}")
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"the rate is {RATES[0]} to {RATES[1]} samples a second, not {rate!r}")


def _even(pcm: bytes) -> bytes:
    return pcm if len(pcm) % 2 == 0 else pcm[:-1]


def _decoded(file: bytes, kind: str, rate: int, longest: int) -> Sound | UnreadableSound:
    library = _library()
    try:
        container: InputContainer = library.open(BytesIO(file), "r", format=_DEMUXERS[kind])
    # What FFmpeg stumbles over comes as any of its errors, and as some of Python's.
    except Exception:
        return UnreadableSound("broken", kind)
    with container:
        if not container.streams.audio:
            return UnreadableSound("no_sound", kind)
        stream = container.streams.audio[0]
        if not _is_decoded(stream):
            return UnreadableSound("broken", kind)
        samples = _Samples(library.AudioResampler(format="s16", layout="mono", rate=rate), longest)
        broken = False
        try:
            for frame in container.decode(stream):
                if not samples.take(frame):
                    return UnreadableSound("too_long", kind)
        except Exception:
            broken = True
        if not samples.some:
            return UnreadableSound("broken" if broken else "empty", kind)
        pcm = samples.finished()
        return Sound(pcm, rate, kind) if pcm else UnreadableSound("broken", kind)


def _is_decoded(stream: AudioStream) -> bool:
    """Whether it is of a kind that files of sound really have; a damaged head may claim any other.

    Asked to decode what it has no decoder for, PyAV 14.0 ends the process.
    """
    codec: AudioCodecContext | None = stream.codec_context
    return codec is not None and codec.name.startswith(_CODECS) and codec.sample_rate <= _FASTEST


class _Samples:
    """What was decoded so far, at the rate that is wanted.

    Attributes:
        some: whether there was any.
    """

    def __init__(self, resampler: AudioResampler, longest: int) -> None:
        self._resampler = resampler
        self._longest = longest
        self._seconds = 0.0
        self._parts: list[bytes] = []
        self.some = False

    def take(self, frame: av.AudioFrame) -> bool:
        """Whether it was not too much; decided before room is made for it, since a file may claim any rate."""
        if frame.sample_rate <= 0:
            return True
        self._seconds += frame.samples / frame.sample_rate
        if self._seconds > self._longest:
            return False
        self.some = self.some or frame.samples > 0
        # Times in a file may jump, which would fill the gap with silence without end.
        frame.pts = None
        self._keep(self._resampler.resample(frame))
        return True

    def finished(self) -> bytes:
        # What the resampler still holds of a damaged file may be nothing that it can give.
        with suppress(Exception):
            self._keep(self._resampler.resample(None))
        return b"".join(self._parts)

    def _keep(self, frames: list[av.AudioFrame]) -> None:
        for frame in frames:
            self._parts.append(frame.to_ndarray().tobytes())


def _decoded_raw(file: bytes, rate: int, longest: int, raw: str, raw_rate: int) -> Sound | UnreadableSound:
    if raw != "pcm16" and raw not in _LAWS:
        raise ValueError(f"samples without a head are pcm16, {' or '.join(_LAWS)}, not {raw!r}")
    check_format("pcm16", rate)
    check_format("pcm16", raw_rate)
    count = len(file) if raw in _LAWS else len(file) // 2
    if count > longest * raw_rate:
        return UnreadableSound("too_long", raw)
    pcm = from_law(raw, file) if raw in _LAWS else _even(file)
    return Sound(resampled(pcm, raw_rate, rate), rate, raw) if pcm else UnreadableSound("empty", raw)


def resampled(pcm: bytes, source: int, target: int) -> bytes:
    """PCM of 16 bit at another number of samples a second.

    Raises:
        MediaUnavailable: the extra is not installed.
    """
    if source == target or not pcm:
        return pcm
    try:
        import numpy
        import soxr
    except ImportError:
        raise MediaUnavailable("Speech needs", "speech") from None
    made = soxr.resample(numpy.frombuffer(pcm, dtype="<i2"), source, target, quality="MQ")
    data: bytes = made.astype("<i2").tobytes()
    return data


def stretched(pcm: bytes, rate: int, tempo: float) -> bytes:
    """PCM of 16 bit, mono, faster or slower at the same pitch.

    Args:
        pcm: little-endian.
        rate: its samples a second.
        tempo: 0.25 to 100; 0.5 lasts twice as long.

    Raises:
        MediaUnavailable: the extra is not installed.
    """
    if not pcm:
        return pcm
    try:
        import av
        import numpy
    except ImportError:
        raise MediaUnavailable("Speech needs", "speech") from None
    graph = av.filter.Graph()
    nodes = [graph.add_abuffer(sample_rate=rate, format="s16", layout="mono", time_base=Fraction(1, rate))]
    # The filter takes no less than a half at once.
    steps = [tempo] if tempo >= 0.5 else [tempo * 2, 0.5]
    nodes += [graph.add("atempo", str(step)) for step in steps]
    nodes.append(graph.add("abuffersink"))
    graph.link_nodes(*nodes).configure()
    frame = av.AudioFrame.from_ndarray(numpy.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = rate
    frame.pts = 0
    graph.push(frame)
    graph.push(None)
    made = []
    while True:
        try:
            made.append(graph.pull().to_ndarray().astype("<i2").tobytes())
        except (av.error.EOFError, av.error.BlockingIOError):
            return b"".join(made)


def from_law(format: str, data: bytes) -> bytes:
    """PCM of G.711: one sample for each byte."""
    import numpy

    values: bytes = _law_values(format)[numpy.frombuffer(data, numpy.uint8)].tobytes()
    return values


def _to_law(format: str, pcm: bytes) -> bytes:
    import numpy

    codes: bytes = _law_codes(format)[numpy.frombuffer(_even(pcm), "<u2")].tobytes()
    return codes


@cache
def _law_values(format: str) -> numpy.ndarray[Any, numpy.dtype[numpy.int16]]:
    """The sample of every byte: FFmpeg's decoder asked once for all of them."""
    import numpy

    decoder = _library().codec.CodecContext.create(_LAWS[format], "r")
    decoder.sample_rate = 8_000
    decoder.layout = "mono"
    frames = decoder.decode(_library().Packet(bytes(range(256))))
    return numpy.concatenate([frame.to_ndarray()[0] for frame in frames]).astype("<i2")


@cache
def _law_codes(format: str) -> numpy.ndarray[Any, numpy.dtype[numpy.uint8]]:
    """The byte of every sample, by its 16 bits: FFmpeg's encoder asked once for all of them."""
    import numpy

    library = _library()
    encoder = library.codec.CodecContext.create(_LAWS[format], "w")
    encoder.sample_rate = 8_000
    encoder.layout = "mono"
    encoder.format = "s16"
    samples = numpy.arange(65_536, dtype=numpy.uint16).view(numpy.int16)[None, :]
    frame = library.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
    frame.sample_rate = 8_000
    packets = [*encoder.encode(frame), *encoder.encode(None)]
    return numpy.frombuffer(b"".join(bytes(packet) for packet in packets), numpy.uint8)


def _id3_length(file: bytes) -> int:
    """Bytes of the ID3 tag at the beginning; its length has seven bits in each byte (ID3v2.4, section 3.1)."""
    if not file.startswith(b"ID3") or len(file) < 10:
        return 0
    length = 0
    for byte in file[6:10]:
        length = length << 7 | byte & 0x7F
    return length + 10


@cache
def _library() -> Any:
    try:
        import av
        import av.codec
        import numpy
    except ImportError:
        raise MediaUnavailable("Sound in files needs", "speech") from None
    del numpy
    return av
