"""All media together; nothing heavy is imported before it is used."""

from understudy.core.media import Media
from understudy.media.codecs import FfmpegCodec
from understudy.media.ear import WatermarkEar
from understudy.media.forms import MultipartReader
from understudy.media.picture_reader import PillowReader
from understudy.media.pictures import PillowPainter
from understudy.media.provenance import C2paProvenance
from understudy.media.speech import EspeakSpeaker
from understudy.media.videos import FilmMaker
from understudy.media.vocabulary import BundledVocabulary


def default_media(*, c2pa: bool = True) -> Media:
    """The vocabulary, the speaker, the codec, the ear, the painter and the signer of an ordinary server.

    Args:
        c2pa: whether pictures carry a manifest, as far as the extra for them is installed.
    """
    provenance = C2paProvenance(on=c2pa)
    codec = FfmpegCodec()
    painter = PillowPainter(provenance)
    return Media(
        vocabulary=BundledVocabulary(),
        speaker=EspeakSpeaker(),
        painter=painter,
        reader=PillowReader(),
        provenance=provenance,
        codec=codec,
        ear=WatermarkEar(codec),
        videos=FilmMaker(painter),
        forms=MultipartReader(),
    )
