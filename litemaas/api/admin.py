"""What the API remembers, without the answers themselves."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from litemaas.administration import ReadOnlyAdmin
from litemaas.api.models import IdempotentRequest


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin):
    named = (_("Repeatable request"), _("Repeatable requests"))
    list_display = ["principal", "status", "locked_until", "expires_at"]
    exclude = ["key", "target", "headers"]
    ordering = ["-pk"]
