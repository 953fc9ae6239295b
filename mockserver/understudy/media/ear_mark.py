"""A quiet signal in speech that spells its words, so that an ear can hear them without understanding speech.

Between 2,850 and 3,450 Hz, which telephones carry too, the speech itself is taken out and a modem's signal put in: 480
symbols a second, two bits each, 24 dB below the speech around it, 27 dB below its mean in pauses: white noise 20 dB
below the speech has 34 dB less than it in the band of a symbol, which leaves the 6 dB that the code needs.

    preamble (40 symbols) | length, last?, number (58) | words, again and again until the phrase ends

Each phrase says its own words, so speech may be cut, joined and padded between phrases. Packets of an utterance are
numbered, so that one that is lost is missed. Nothing else is needed to read it: no table, no process that remembers.
"""

from __future__ import annotations

import math
from functools import cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from understudy.media.ear_code import (
    Code,
    bits_number,
    checked,
    coded_length,
    decode,
    encode,
    number_bits,
    with_checksum,
)

if TYPE_CHECKING:
    import numpy

    Array = numpy.ndarray[Any, Any]

RATE = 24_000
CENTRE = 3_150
SYMBOL_RATE = 480
"""Hertz and symbols a second."""
ROLLOFF = 0.25
LEVEL, FLOOR = 10 ** (-24 / 20), 10 ** (-27 / 20)
"""Of the mark: beside the speech at the same moment, and at least beside that of the whole phrase."""

_STEP = 5
_NARROW = RATE // _STEP
"""Samples a second of the band by itself."""
_SPACING = _NARROW // SYMBOL_RATE
_GRID = RATE // math.gcd(RATE, CENTRE)
"""Lengths that are multiples of this have a whole number of the centre's cycles."""
_EDGE = 4
"""Symbols' time left free at both ends."""
_PREAMBLE = 40
_LENGTH_BITS, _NUMBER_BITS, _HEAD_CHECK = 11, 3, 8
NUMBERS = 1 << _NUMBER_BITS
"""Packets of an utterance are numbered from 0 on, and after so many from 0 again."""
_HEAD = 2 * coded_length(_LENGTH_BITS + 1 + _NUMBER_BITS + _HEAD_CHECK) // 2
"""Symbols of the head: its coded bits twice, two in a symbol."""
_SMOOTHED = RATE // 25
_LIKENESS = 0.3
"""How like a preamble a place must be to be looked at: 1 is the same, chance gives 1/40."""
_MOST_TURNS = 16
_BLOCK, _OVERLAP = _GRID * 1_500, _GRID * 75


class Packet(msgspec.Struct, frozen=True):
    """Words found in a sound.

    Attributes:
        at: first sample.
        text: UTF-8, which may begin or end within a character; None where words are, but too damaged to be read.
        last: whether its utterance ends with it.
        number: in its utterance, up to `NUMBERS`.
    """

    at: int
    text: bytes | None
    last: bool
    number: int


def marked(pcm: bytes, text: str, *, last: bool, number: int, code: Code) -> bytes:
    """Speech that spells its words; a phrase that is too short for them gets a pause behind it.

    Args:
        pcm: 16 bit, mono, at `RATE`.
        text: what it says.
        last: whether the utterance ends with it.
        number: of packets before it in its utterance.
        code: how words become bits.
    """
    import numpy

    packets = code.parts(text)
    speech = numpy.frombuffer(pcm, "<i2").astype(numpy.float64)
    if not packets or not speech.any():
        return pcm
    needed = _symbols_needed(packets)
    spacing = _SPACING * _STEP
    room = (len(speech) // spacing) - 2 * _EDGE
    if room < needed:
        speech = numpy.concatenate([speech, numpy.zeros((needed + 2 * _EDGE + 1) * spacing - len(speech))])
        room = needed
    symbols = _symbols(packets, room - needed, last=last, first=number)
    length = _padded(len(speech) + RATE // 10)
    spectrum = numpy.fft.rfft(speech, length) * _without_band(length)
    quiet = numpy.fft.irfft(spectrum, length)[: len(speech)]
    mark = _modulated(symbols, length)[: len(speech)]
    mean = math.sqrt(float((speech**2).mean()))
    level = numpy.maximum(_envelope(speech) * LEVEL, mean * FLOOR)
    made: bytes = numpy.clip(numpy.rint(quiet + mark * level), -32_768, 32_767).astype("<i2").tobytes()
    return made


def shortest_ms(text: str, code: Code) -> float:
    """How long speech must at least be to spell a text."""
    return (_symbols_needed(code.parts(text)) + 2 * _EDGE) * 1_000 / SYMBOL_RATE


def _symbols_needed(packets: list[list[int]]) -> int:
    return sum(_PREAMBLE + _HEAD + coded_length(len(bits)) // 2 for bits in packets)


def find(pcm: bytes, code: Code) -> list[Packet]:
    """All words that are spelled in a sound of 16 bit, mono, at `RATE`."""
    import numpy

    band = _band(numpy.frombuffer(pcm, "<i2"))
    reach = (_PREAMBLE + _HEAD) * _SPACING
    if len(band) < reach:
        return []
    heads = []
    for place, turn in _preambles(band):
        if place + reach <= len(band) and (head := _head(band, place, turn)) is not None:
            heads.append((place, turn, *head))
    packets: list[Packet] = []
    read_to = 0
    for at, (place, turn, length, last, number) in enumerate(heads):
        if place < read_to:
            continue
        end = next((later[0] for later in heads[at + 1 :] if later[0] >= place + reach), len(band))
        text = _words(band[place + reach : end], turn, length, code)
        packets.append(Packet(place * _STEP, text, last, number))
        read_to = place + reach
    return packets


def _symbols(packets: list[list[int]], spare: int, *, last: bool, first: int) -> Array:
    """All packets' symbols; the spare ones are shared out in proportion to repeat the words."""
    import numpy

    sizes = [coded_length(len(bits)) // 2 for bits in packets]
    bits_sent: list[Array] = []
    for number, bits in enumerate(packets):
        ends = last and number == len(packets) - 1
        here = number_bits((first + number) % NUMBERS, _NUMBER_BITS)
        head = encode(with_checksum([*number_bits(len(bits), _LENGTH_BITS), int(ends), *here], _HEAD_CHECK))
        words = numpy.array(encode(bits))
        turns = _order(len(words), 2 * (sizes[number] + spare * sizes[number] // sum(sizes)))
        bits_sent += [numpy.array(head * 2), words[turns]]
        coded = numpy.concatenate(bits_sent[-2:])
        bits_sent[-2:] = [_preamble(), (1 - 2 * coded[::2] + 1j * (1 - 2 * coded[1::2])) / math.sqrt(2)]
    return numpy.concatenate(bits_sent)


def _order(size: int, count: int) -> Array:
    """Which coded bit is sent at each place: all of them in each turn, neighbours far apart."""
    import numpy

    step = next(step for step in range(int(size * 0.382), size + 2) if math.gcd(step, size) == 1)
    return numpy.arange(count) * step % size


@cache
def _preamble() -> Array:
    import numpy

    values = numpy.frombuffer(blake2b(b"understudy speech", digest_size=_PREAMBLE).digest(), numpy.uint8) & 3
    symbols: Array = numpy.exp(1j * (math.pi / 4 + math.pi / 2 * values))
    return symbols


def _padded(length: int) -> int:
    """The next length on the grid of which a Fourier transform is quick."""
    wanted = -(-length // _GRID)
    best = 1 << (wanted - 1).bit_length()
    for three in (1, 3, 9):
        for five in (1, 5):
            odd = three * five
            best = min(best, odd << max(-(-wanted // odd) - 1, 0).bit_length())
    return best * _GRID


def _pulse(length: int) -> tuple[Array, Array]:
    """Where in a spectrum of `length` samples at `RATE` the band lies, and the square root of a raised cosine there."""
    import numpy

    half = round(SYMBOL_RATE / 2 * (1 + ROLLOFF) * length / RATE)
    offsets = numpy.arange(-half, half + 1)
    away = numpy.abs(offsets) * RATE / length
    slope = numpy.clip((away - SYMBOL_RATE / 2 * (1 - ROLLOFF)) / (SYMBOL_RATE * ROLLOFF), 0, 1)
    return offsets, numpy.cos(slope * math.pi / 2)


def _modulated(symbols: Array, length: int) -> Array:
    """The signal of the symbols, with a mean power of one while it lasts."""
    import numpy

    narrow = length // _STEP
    impulses = numpy.zeros(narrow, complex)
    impulses[_EDGE * _SPACING : (_EDGE + len(symbols)) * _SPACING : _SPACING] = symbols
    offsets, pulse = _pulse(length)
    spectrum = numpy.zeros(length // 2 + 1, complex)
    spectrum[CENTRE * length // RATE + offsets] = numpy.fft.fft(impulses)[offsets] * pulse
    signal: Array = numpy.fft.irfft(spectrum, length)
    power = (signal**2).sum() / (len(symbols) * _SPACING * _STEP)
    scaled: Array = signal / math.sqrt(power)
    return scaled


def _without_band(length: int) -> Array:
    """What the speech keeps of each frequency: nothing in the band, all of it 60 Hz beside it."""
    import numpy

    away = numpy.abs(numpy.fft.rfftfreq(length, 1 / RATE) - CENTRE) - SYMBOL_RATE / 2 * (1 + ROLLOFF)
    kept: Array = numpy.sin(numpy.clip(away / 60, 0, 1) * math.pi / 2) ** 2
    return kept


def _envelope(speech: Array) -> Array:
    """How loud it is around each sample."""
    import numpy

    power = numpy.concatenate([[0.0], numpy.cumsum(speech**2)])
    places = numpy.arange(len(speech))
    first = numpy.maximum(places - _SMOOTHED // 2, 0)
    after = numpy.minimum(places + _SMOOTHED // 2, len(speech))
    loudness: Array = numpy.sqrt((power[after] - power[first]) / numpy.maximum(after - first, 1))
    return loudness


def _band(sound: Array) -> Array:
    """The band by itself, moved to zero, filtered for its pulses, at `_NARROW` samples a second."""
    import numpy

    offsets, pulse = _pulse(_BLOCK)
    places = CENTRE * _BLOCK // RATE + offsets
    parts = []
    hop = _BLOCK - 2 * _OVERLAP
    for start in range(0, len(sound), hop):
        block = sound[max(start - _OVERLAP, 0) : start + hop + _OVERLAP]
        padded = numpy.zeros(_BLOCK, numpy.float64)
        lead = _OVERLAP if start == 0 else 0
        padded[lead : lead + len(block)] = block
        narrow = numpy.zeros(_BLOCK // _STEP, complex)
        narrow[offsets] = numpy.fft.rfft(padded)[places] * pulse
        parts.append(numpy.fft.ifft(narrow)[_OVERLAP // _STEP : (_OVERLAP + hop) // _STEP])
    return numpy.concatenate(parts)[: len(sound) // _STEP] if parts else numpy.zeros(0, complex)


def _preambles(band: Array) -> list[tuple[int, complex]]:
    """Where preambles seem to begin, and by how much each is turned, in order."""
    import numpy

    count = len(band) - (_PREAMBLE - 1) * _SPACING
    alike = numpy.zeros(count, complex)
    energy = numpy.zeros(count)
    power = band.real**2 + band.imag**2
    for number, symbol in enumerate(_preamble().conj()):
        shift = number * _SPACING
        alike += symbol * band[shift : shift + count]
        energy += power[shift : shift + count]
    # A sound without anything in the band must not be divided by nothing.
    likeness = (alike.real**2 + alike.imag**2) / (_PREAMBLE * energy + 1e-9)
    found = []
    for place in numpy.flatnonzero(likeness > _LIKENESS).tolist():
        if likeness[place] >= likeness[max(place - _SPACING, 0) : place + _SPACING + 1].max():
            found.append((place, complex(alike[place] / abs(alike[place]))))
    return found


def _soft(part: Array, turn: complex) -> Array:
    """Two soft bits for each symbol, of which the first stands at the beginning."""
    import numpy

    straight = part[::_SPACING] * turn.conjugate()
    return numpy.stack([straight.real, straight.imag], axis=1).ravel()


def _head(band: Array, place: int, turn: complex) -> tuple[int, bool, int] | None:
    """How many bits follow, whether the utterance ends with them, their packet's number; None where no head is."""
    soft = _soft(band[place + _PREAMBLE * _SPACING : place + (_PREAMBLE + _HEAD) * _SPACING], turn)
    head = checked(decode(soft[: len(soft) // 2] + soft[len(soft) // 2 :]), _HEAD_CHECK)
    if head is None:
        return None
    return bits_number(head[:_LENGTH_BITS]), bool(head[_LENGTH_BITS]), bits_number(head[_LENGTH_BITS + 1 :])


def _words(part: Array, turn: complex, length: int, code: Code) -> bytes | None:
    """The text of a packet: from its first turn if that is good enough, else from as many as there are."""
    import numpy

    size = coded_length(length)
    soft = _soft(part, turn)[: size * _MOST_TURNS]
    order = _order(size, len(soft))
    turns = 1
    while size <= len(soft):
        used = min(turns * size, len(soft))
        combined = numpy.zeros(size)
        numpy.add.at(combined, order[:used], soft[:used])
        text = code.read(decode(combined))
        if text is not None:
            return text
        if used == len(soft):
            break
        turns *= 2
    return None
