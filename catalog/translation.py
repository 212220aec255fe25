"""Which texts of the catalogue there are in each language (django-modeltranslation)."""

from modeltranslation.translator import TranslationOptions, register

from catalog.models import ModelText


@register(ModelText)
class ModelTextOptions(TranslationOptions):
    fields = ("description",)
    # The gateway's own description stands in where a language has none.
    fallback_languages = {"default": ()}
