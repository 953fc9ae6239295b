"""All languages. To add one, write a module with a `Language` and name it here."""

from understudy.core.replies.languages.arabic import ARABIC
from understudy.core.replies.languages.chinese import CHINESE
from understudy.core.replies.languages.english import ENGLISH
from understudy.core.replies.languages.french import FRENCH
from understudy.core.replies.languages.german import GERMAN
from understudy.core.replies.languages.hindi import HINDI
from understudy.core.replies.languages.italian import ITALIAN
from understudy.core.replies.languages.japanese import JAPANESE
from understudy.core.replies.languages.korean import KOREAN
from understudy.core.replies.languages.language import Language
from understudy.core.replies.languages.portuguese import PORTUGUESE
from understudy.core.replies.languages.russian import RUSSIAN
from understudy.core.replies.languages.spanish import SPANISH

LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        ENGLISH,
        ARABIC,
        CHINESE,
        FRENCH,
        GERMAN,
        HINDI,
        ITALIAN,
        JAPANESE,
        KOREAN,
        PORTUGUESE,
        RUSSIAN,
        SPANISH,
    )
}
"""By ISO 639-1 code."""
