from __future__ import annotations

import io
import struct
import subprocess
import sys
import wave
from hashlib import sha256

import numpy
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.core.media import Sound, UnreadableSound
from understudy.media.codecs import FORMATS, FfmpegCodec, sound_format

CODEC = FfmpegCodec()
FILES = ("wav", "mp3", "flac", "opus", "aac")
RATE = 24_000
# Samples that a file may be longer than its sound: a coder works in frames (MPEG 576, AAC 1,024 and as many before).
SLACK = {"wav": 0, "flac": 0, "opus": 0, "mp3": 576, "aac": 2_048}


def tone(hertz: float, seconds: float = 1.0, rate: int = RATE, level: float = 0.3) -> bytes:
    time = numpy.arange(round(seconds * rate)) / rate
    return (numpy.sin(2 * numpy.pi * hertz * time) * level * 32_767).astype("<i2").tobytes()


def samples(pcm: bytes) -> numpy.ndarray:
    return numpy.frombuffer(pcm, "<i2").astype(float)


def strongest(sound: numpy.ndarray, rate: int = RATE) -> float:
    middle = sound[len(sound) // 4 : 3 * len(sound) // 4]
    return float(numpy.abs(numpy.fft.rfft(middle * numpy.hanning(len(middle)))).argmax() * rate / len(middle))


def heard(file: bytes, rate: int = RATE) -> Sound:
    found = CODEC.decode(file, rate)
    assert isinstance(found, Sound), found
    return found


@pytest.mark.parametrize("format", FILES)
@pytest.mark.parametrize("hertz", [300, 1_000, 3_000])
def test_a_tone_comes_back_at_its_pitch_loudness_and_length(format: str, hertz: int) -> None:
    """Within two hertz, half a decibel (LAME writes 0.45 less) and a frame of the coder."""
    pcm = tone(hertz)
    sound = heard(CODEC.encode(pcm, format))
    back = samples(sound.samples)
    assert 0 <= len(back) - RATE <= SLACK[format]
    assert abs(strongest(back) - hertz) <= 2
    middle = slice(6_000, 18_000)
    assert 20 * abs(numpy.log10(back[middle].std() / samples(pcm)[middle].std())) < 0.5
    if format in ("wav", "flac"):
        assert sound.samples == pcm


@pytest.mark.parametrize("format", ["wav", "mp3", "flac", "opus"])
def test_another_decoder_hears_the_same(format: str) -> None:
    """libsndfile, which has decoders of its own, agrees about pitch and length."""
    found, rate = soundfile.read(io.BytesIO(CODEC.encode(tone(1_000), format)))
    assert abs(len(found) / rate - 1) <= (3 * 576 / RATE if format == "mp3" else 0)
    assert found.ndim == 1
    assert abs(strongest(found, rate) - 1_000) <= 2


def test_aac_is_adts_of_one_channel_at_its_rate() -> None:
    """Every frame has the standard's head (ISO 13818-7, 6.2): profile LC, 24 kHz, mono; together they are the file."""
    file = CODEC.encode(tone(1_000), "aac")
    at = frames = 0
    while at < len(file):
        assert file[at : at + 2] == b"\xff\xf1"
        assert (file[at + 2] >> 6, file[at + 2] >> 2 & 15) == (1, 6)
        assert (file[at + 2] & 1) << 2 | file[at + 3] >> 6 == 1
        at += (file[at + 3] & 3) << 11 | file[at + 4] << 3 | file[at + 5] >> 5
        frames += 1
    assert at == len(file)
    assert frames == -(-(RATE + 1_024) // 1_024)


def test_mp3_looks_like_the_real_ones() -> None:
    """128 kbit/s, 24 kHz, mono, and nothing before the first frame (recorded 2026-08)."""
    pieces = b"".join(CODEC.encode_pieces([tone(440)], "mp3"))
    assert pieces[:4].hex() == "fff3c4c4"


def test_opus_has_the_head_of_the_real_ones() -> None:
    """Version 1, mono, 312 samples to skip, 24 kHz (recorded 2025-08)."""
    assert CODEC.encode(tone(440), "opus")[28:47].hex() == "4f707573486561640101" + "3801" + "c05d0000" + "000000"


@pytest.mark.parametrize(("format", "code"), [("g711_ulaw", "ULAW"), ("g711_alaw", "ALAW")])
def test_g711_is_what_another_library_writes(format: str, code: str) -> None:
    """Every one of the 256 bytes means the same sample; samples go to one of the nearest two."""
    every = bytes(range(256))
    mine = CODEC.decode(every, 8_000, raw=format, raw_rate=8_000)
    assert isinstance(mine, Sound)
    theirs, _ = soundfile.read(
        io.BytesIO(every), format="RAW", subtype=code, samplerate=8_000, channels=1, dtype="int16"
    )
    assert samples(mine.samples).tolist() == theirs.tolist()
    all_samples = numpy.arange(-32_768, 32_768, dtype="<i2")
    back = CODEC.decode(CODEC.encode(all_samples.tobytes(), format, 8_000), 8_000, raw=format, raw_rate=8_000)
    assert isinstance(back, Sound)
    values = numpy.unique(samples(mine.samples))
    nearest = numpy.abs(all_samples[:, None].astype(float) - values[None, :]).min(axis=1)
    error = numpy.abs(samples(back.samples) - all_samples)
    assert (error <= numpy.maximum(2 * nearest, numpy.abs(all_samples.astype(float)) / 16 + 16)).all()


def test_the_same_sound_gives_the_same_bytes_in_every_process() -> None:
    """In all formats, whole and in pieces."""
    script = (
        "import sys, hashlib\n"
        "from understudy.media.codecs import FORMATS, FfmpegCodec\n"
        "pcm = sys.stdin.buffer.read()\n"
        "for format in FORMATS:\n"
        "    whole = FfmpegCodec().encode(pcm, format)\n"
        "    pieces = b''.join(FfmpegCodec().encode_pieces([pcm], format))\n"
        "    print(hashlib.sha256(whole + pieces).hexdigest())"
    )
    pcm = tone(440, 0.7)
    here = [
        sha256(CODEC.encode(pcm, format) + b"".join(CODEC.encode_pieces([pcm], format))).hexdigest()
        for format in FORMATS
    ]
    other = subprocess.run([sys.executable, "-c", script], input=pcm, capture_output=True, check=True, timeout=60)
    assert other.stdout.decode().split() == here


@pytest.mark.parametrize("format", FILES)
def test_pieces_are_one_file_that_plays(format: str) -> None:
    """Made while the sound comes in: the first bytes leave before the last sound is there."""
    pcm = tone(1_000, 3)
    parts = [pcm[start : start + 9_600] for start in range(0, len(pcm), 9_600)]
    asked = []

    def source() -> object:
        for part in parts:
            asked.append(part)
            yield part

    made = CODEC.encode_pieces(source(), format)  # type: ignore[arg-type]  # a generator of bytes
    file = next(made)
    assert len(asked) < len(parts)
    file += b"".join(made)
    back = samples(heard(file).samples)
    assert 0 <= len(back) - 3 * RATE <= 3 * 576 + SLACK[format]
    assert abs(strongest(back) - 1_000) <= 2


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_decoding_gives_the_wanted_rate(rate: int) -> None:
    """Pitch and length stay."""
    sound = heard(CODEC.encode(tone(1_000), "flac"), rate)
    assert sound.rate == rate
    assert abs(len(sound.samples) // 2 - rate) <= 2
    assert abs(strongest(samples(sound.samples), rate) - 1_000) <= 2


def packed(container: str, codec: str, rate: int = 48_000, options: dict[str, str] | None = None) -> bytes:
    """A stereo file of another container, such as callers send."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container, options=options or {}) as out:
        stream = out.add_stream(codec, rate=rate, layout="stereo")
        both = numpy.repeat(samples(tone(1_000, rate=rate)).astype(numpy.int16), 2)[None, :]
        frame = av.AudioFrame.from_ndarray(both, format="s16", layout="stereo")
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    return file.getvalue()


@pytest.mark.parametrize(
    ("container", "codec", "kind"),
    [
        ("mp4", "aac", "mp4"), ("ipod", "aac", "mp4"), ("webm", "libopus", "webm"), ("ogg", "libopus", "ogg"),
        ("mpeg", "mp2", "mpeg"), ("mp3", "libmp3lame", "mp3"), ("wav", "pcm_s24le", "wav"),
        ("wav", "pcm_f32le", "wav"), ("wav", "pcm_mulaw", "wav"), ("mp2", "mp2", "mp3"), ("flac", "flac", "flac"),
    ],
)  # fmt: skip
def test_every_container_that_callers_send_is_heard(container: str, codec: str, kind: str) -> None:
    """mp3, mp4, mpeg, mpga, m4a, ogg, wav, webm, flac: stereo at 48 kHz becomes mono at 24."""
    sound = heard(packed(container, codec))
    assert sound.format == kind
    assert abs(sound.milliseconds - 1_000) <= 75
    assert abs(strongest(samples(sound.samples)) - 1_000) <= 2


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_ogg_of_another_writer_is_heard(subtype: str) -> None:
    """Vorbis and Opus of libsndfile."""
    file = io.BytesIO()
    soundfile.write(file, samples(tone(1_000)) / 32_768, RATE, format="OGG", subtype=subtype)
    sound = heard(file.getvalue())
    assert abs(sound.milliseconds - 1_000) <= 20
    assert abs(strongest(samples(sound.samples)) - 1_000) <= 2


def test_a_wav_whose_head_does_not_know_its_length_is_read_to_its_end() -> None:
    """As the API's own streamed ones say 0xFFFFFFFF (recorded 2026-08)."""
    file = b"".join(CODEC.encode_pieces([tone(500)], "wav"))
    assert file[4:8] == file[40:44] == b"\xff\xff\xff\xff"
    assert heard(file).samples == tone(500)


def test_a_file_that_breaks_off_is_heard_as_far_as_it_goes() -> None:
    """Half of the bytes are about half of the sound."""
    for format in ("mp3", "opus", "aac", "flac", "wav"):
        file = CODEC.encode(tone(500, 4), format)
        assert 1_300 < heard(file[: len(file) // 2]).milliseconds < 2_700


def test_milliseconds_are_cut() -> None:
    """3,719.9 ms are 3,719."""
    assert Sound(bytes(2 * 89_279), 24_000, "wav").milliseconds == 3_719


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (b"", "empty"),
        (b"hello, this is no audio at all", "unknown_format"),
        (b"#EXTM3U\n#EXTINF:1,\nhttp://example.com/a.ts\n", "unknown_format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "unknown_format"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "broken"),
        (b"RIFF\x24\0\0\0WAVE" + b"x" * 500, "broken"),
        (b"ID3\x04\0\0\0\0\0\0" + b"garbage" * 50, "broken"),
        (b"OggS" + bytes(300), "broken"),
        (b"fLaC" + b"\xff" * 300, "broken"),
        (b"\0\0\0\x18ftypmp42" + bytes(300), "broken"),
        (b"\x1a\x45\xdf\xa3" + bytes(300), "broken"),
    ],
)
def test_what_is_no_sound_is_told_by_a_reason(file: bytes, reason: str) -> None:
    """Never an exception; playlists are not even looked into."""
    found = CODEC.decode(file)
    assert isinstance(found, UnreadableSound)
    assert found.reason == reason


def test_a_file_without_sound_is_told_from_a_broken_one() -> None:
    """A film without an audio track."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10, width=16, height=16, pix_fmt="yuv420p")
        frame = av.VideoFrame.from_ndarray(numpy.zeros((16, 16, 3), numpy.uint8), format="rgb24")
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            out.mux(packet)
    assert CODEC.decode(file.getvalue()) == UnreadableSound("no_sound", "mp4")


def test_sound_that_is_too_long_is_refused_before_it_is_unpacked() -> None:
    """Also when a small file claims so few samples a second that it would last for days."""
    assert CODEC.decode(CODEC.encode(tone(500, 3), "mp3"), longest=2) == UnreadableSound("too_long", "mp3")
    slow = bytearray(CODEC.encode(bytes(200_000), "wav"))
    slow[24:32] = struct.pack("<II", 1, 2)
    assert CODEC.decode(bytes(slow)) == UnreadableSound("too_long", "wav")
    silence = CODEC.encode(bytes(2 * RATE * 600), "flac")
    assert len(silence) < 100_000
    assert CODEC.decode(silence, longest=300) == UnreadableSound("too_long", "flac")
    assert CODEC.decode(bytes(96_000), raw="pcm16", longest=1) == UnreadableSound("too_long", "pcm16")


@pytest.mark.parametrize(
    ("place", "value"),
    [(34, b"\x80"), (26, b"\0\x4d"), (22, b"\0"), (20, b"\x55"), (20, b"\xff\xff")],
    ids=["bits", "rate", "channels", "codec", "extensible"],
)
def test_a_head_that_claims_what_no_sound_has_is_broken(place: int, value: bytes) -> None:
    """Samples of 128 bits ended the process with PyAV 14.0; 1.3 billion samples a second raised with 18.1."""
    file = bytearray(CODEC.encode(tone(700, 0.2), "wav"))
    file[place : place + len(value)] = value
    found = CODEC.decode(bytes(file))
    assert found == UnreadableSound("broken", "wav")


@settings(max_examples=150, deadline=None)
@given(data=st.data(), format=st.sampled_from(FILES))
def test_no_damage_to_a_file_raises(data: st.DataObject, format: str) -> None:
    """Bytes changed anywhere give sound or a reason."""
    file = bytearray(CODEC.encode(tone(700, 0.2), format))
    for _ in range(data.draw(st.integers(1, 20))):
        file[data.draw(st.integers(0, min(len(file) - 1, 400)))] = data.draw(st.integers(0, 255))
    assert isinstance(CODEC.decode(bytes(file)), Sound | UnreadableSound)


@pytest.mark.parametrize(
    ("format", "rate", "words"),
    [
        ("ogg", 24_000, "the format is wav, mp3, flac, opus, aac, pcm16, g711_ulaw or g711_alaw, not 'ogg'"),
        ("opus", 44_100, "the rate of opus is 8000, 12000, 16000, 24000 or 48000 samples a second, not 44100"),
        ("wav", 4, "the rate is 8000 to 48000 samples a second, not 4"),
    ],
)
def test_what_cannot_be_written_is_refused_in_one_sentence(format: str, rate: int, words: str) -> None:
    """With what is accepted."""
    with pytest.raises(ValueError, match=words):
        CODEC.encode(b"", format, rate)


@pytest.mark.parametrize("format", FORMATS)
def test_no_sound_at_all_can_be_written(format: str) -> None:
    """An answer of no words is a file that plays: of coders that work in frames, a fiftieth of a second of silence."""
    file = CODEC.encode(b"", format)
    if format in ("mp3", "opus", "aac", "flac"):
        assert 20 <= heard(file).milliseconds <= 20 + 90
    elif format == "wav":
        assert CODEC.decode(file) == UnreadableSound("empty", "wav")
    else:
        assert file == b""


def test_python_reads_our_wave_files() -> None:
    """24 kHz, mono, 16 bit."""
    with wave.open(io.BytesIO(CODEC.encode(tone(440), "wav"))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert file.readframes(RATE) == tone(440)


def test_formats_are_told_by_their_first_bytes() -> None:
    """Of what we write ourselves; samples without a head are no file."""
    assert [sound_format(CODEC.encode(tone(440), format)) for format in FILES] == ["wav", "mp3", "flac", "ogg", "aac"]
    assert sound_format(tone(440)) is None
