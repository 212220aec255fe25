"""The shapes of the playground (contract §20)."""

from typing import Any
from urllib.parse import urlsplit

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from litemaas.api.fields import Flag, Identifier, Text, Whole
from litemaas.api.schema import page_schema
from portal.models import SavedPrompt

Shape = serializers.Serializer[Any]
_ROLES = ("system", "developer", "user", "assistant", "tool")
_MOST_MESSAGES = 500


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        ]
    }
)
class Content(serializers.JSONField):
    """A text, or a list of parts (text, image_url, …)."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, str) or (isinstance(data, list) and all(isinstance(part, dict) for part in data)):
            return data
        raise serializers.ValidationError("This must be a text or a list of parts.")


class MessageIn(Shape):
    """A message in OpenAI's form."""

    role = serializers.ChoiceField(choices=_ROLES)
    content = Content()


class Factor(serializers.FloatField):
    """A number within bounds; `true` is none."""

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


def _one_or_up_to(most: int, **of: int) -> dict[str, Any]:
    one = {"type": "string", "minLength": 1, **of}
    return {"oneOf": [one, {"type": "array", "items": one, "minItems": 1, "maxItems": most}]}


@extend_schema_field(_one_or_up_to(4, maxLength=200))
class Stops(serializers.Field[Any, Any, Any, Any]):
    """One text or up to four."""

    default_error_messages = {"invalid": "This must be a text or a list of up to four texts."}

    def to_internal_value(self, data: Any) -> Any:
        found = data if isinstance(data, list) else [data]
        if not (1 <= len(found) <= 4) or not all(
            isinstance(one, str) and 0 < len(one) <= 200 for one in found
        ):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class ChatIn(Shape):
    apiKeyId = Identifier()
    model = Text(max_length=255)
    messages = MessageIn(many=True, allow_empty=False, max_length=_MOST_MESSAGES)  # type: ignore[call-arg]
    temperature = Factor(min_value=0, max_value=2, required=False)
    max_tokens = Whole(min_value=1, max_value=128_000, required=False)
    top_p = Factor(min_value=0, max_value=1, required=False)
    stop = Stops(required=False)
    stream = Flag(default=True)


@extend_schema_field(_one_or_up_to(64))
class Inputs(serializers.Field[Any, Any, Any, Any]):
    """One text or up to 64."""

    default_error_messages = {"invalid": "This must be a text or a list of up to 64 texts."}

    def to_internal_value(self, data: Any) -> Any:
        found = data if isinstance(data, list) else [data]
        if not (1 <= len(found) <= 64) or not all(isinstance(one, str) and one for one in found):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class EmbeddingsIn(Shape):
    apiKeyId = Identifier()
    model = Text(max_length=255)
    input = Inputs()
    dimensions = Whole(min_value=1, max_value=100_000, required=False)


class DocumentAddress(Text):
    """Where docling finds the document; a name and a password are for nobody else's logs."""

    default_error_messages = {"address": "This must be an http or https address without a password."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            parts = urlsplit(text)
            is_fine = parts.scheme in {"http", "https"} and parts.hostname and parts.username is None
        except ValueError:
            is_fine = False
        if not is_fine or any(sign.isspace() for sign in text):
            self.fail("address")
        return text


class ConversionIn(Shape):
    apiKeyId = Identifier()
    model = Text(max_length=255)
    url = DocumentAddress(max_length=2000)
    stream = Flag(default=True)


class FiguresOut(Shape):
    """What the answer took. Times in milliseconds; null is unknown."""

    timeToFirstToken = serializers.IntegerField(allow_null=True)
    duration = serializers.IntegerField()
    promptTokens = serializers.IntegerField(allow_null=True)
    completionTokens = serializers.IntegerField(allow_null=True)
    totalTokens = serializers.IntegerField(allow_null=True)
    tokensPerSecond = serializers.FloatField(allow_null=True)
    cost = serializers.FloatField(allow_null=True)
    currency = serializers.CharField()


class AnsweredMessageOut(Shape):
    role = serializers.CharField()
    content = serializers.CharField(allow_null=True)


class ChatChoiceOut(Shape):
    index = serializers.IntegerField()
    message = AnsweredMessageOut()
    finish_reason = serializers.CharField(allow_null=True)


class TokensUsedOut(Shape):
    prompt_tokens = serializers.IntegerField()
    completion_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()


class EmbeddingOut(Shape):
    object = serializers.CharField()
    index = serializers.IntegerField()
    embedding = serializers.ListField(child=serializers.FloatField())


class ChatOut(Shape):
    """An answer in OpenAI's form, and what it took. The gateway may say more."""

    id = serializers.CharField()
    object = serializers.CharField()
    created = serializers.IntegerField()
    model = serializers.CharField()
    choices = ChatChoiceOut(many=True)
    usage = TokensUsedOut()
    litemaas = FiguresOut()


class EmbeddingsOut(Shape):
    """Vectors in OpenAI's form, and what they took."""

    object = serializers.CharField()
    model = serializers.CharField()
    data = EmbeddingOut(many=True)  # type: ignore[assignment]
    usage = TokensUsedOut()
    litemaas = FiguresOut()


class ConvertedDocumentOut(Shape):
    filename = serializers.CharField(required=False, allow_null=True)
    md_content = serializers.CharField(allow_null=True)


class ConversionProblemOut(Shape):
    component_type = serializers.CharField()
    module_name = serializers.CharField()
    error_message = serializers.CharField()


class ConversionOut(Shape):
    """An answer in docling's form, and what it took. The gateway may say more."""

    document = ConvertedDocumentOut()
    status = serializers.ChoiceField(choices=("success", "partial_success", "skipped", "failure"))
    errors = ConversionProblemOut(many=True, required=False)  # type: ignore[assignment]
    litemaas = FiguresOut()


class PromptIn(Shape):
    name = Text(max_length=200)
    text = Text(max_length=SavedPrompt.LONGEST_TEXT, trim_whitespace=False)


class SavedPromptOut(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    text = serializers.CharField()
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class PresetSettingsIn(Shape):
    """What a chat is called with. There is no place for a key."""

    model = Text(max_length=255, required=False)
    system = Text(max_length=SavedPrompt.LONGEST_TEXT, required=False, trim_whitespace=False)
    temperature = Factor(min_value=0, max_value=2, required=False)
    maxTokens = Whole(min_value=1, max_value=128_000, required=False)
    topP = Factor(min_value=0, max_value=1, required=False)
    stop = Stops(required=False)
    stream = Flag(required=False)


class PresetIn(Shape):
    name = Text(max_length=200)
    settings = PresetSettingsIn()


class PresetSettingsOut(Shape):
    model = serializers.CharField(required=False)
    system = serializers.CharField(required=False)
    temperature = serializers.FloatField(required=False)
    maxTokens = serializers.IntegerField(required=False)
    topP = serializers.FloatField(required=False)
    stop = Stops(required=False)
    stream = serializers.BooleanField(required=False)


class SavedPresetOut(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    settings = PresetSettingsOut()
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class ConversationIn(Shape):
    name = Text(max_length=200)
    model = Text(max_length=255, required=False, allow_blank=True)
    messages = MessageIn(many=True, max_length=_MOST_MESSAGES)  # type: ignore[call-arg]


class SavedConversationOut(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    messageCount = serializers.IntegerField()
    createdAt = serializers.DateTimeField()
    updatedAt = serializers.DateTimeField()


class MessageOut(Shape):
    role = serializers.CharField()
    content = Content()


class WholeConversationOut(SavedConversationOut):
    messages = MessageOut(many=True)


class DeletedCountOut(Shape):
    message = serializers.CharField()
    deletedCount = serializers.IntegerField()


SavedPromptPageOut = page_schema(SavedPromptOut)
SavedPresetPageOut = page_schema(SavedPresetOut)
SavedConversationPageOut = page_schema(SavedConversationOut)
