"""All media together; nothing heavy is imported before it is used."""

from understudy.core.media import Media
from understudy.media.picture_reader import PillowReader
from understudy.media.pictures import PillowPainter
from understudy.media.speech import EspeakSpeaker
from understudy.media.vocabulary import BundledVocabulary


def default_media() -> Media:
    """The vocabulary, the speaker and the painter of an ordinary server."""
    return Media(
        vocabulary=BundledVocabulary(),
        speaker=EspeakSpeaker(),
        painter=PillowPainter(),
        reader=PillowReader(),
    )
