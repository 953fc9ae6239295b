"""The languages that answers are made in, and how a text's language is told."""

from understudy.core.replies.languages.catalogue import LANGUAGES
from understudy.core.replies.languages.language import Kind, Language
from understudy.core.replies.languages.recognition import asked_for, language_of, recognise

__all__ = ["LANGUAGES", "Kind", "Language", "asked_for", "language_of", "recognise"]
