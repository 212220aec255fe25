"""What the API remembers, without the answers themselves."""

from django.contrib import admin

from litemaas.administration import ReadOnlyAdmin
from litemaas.api.models import IdempotentRequest


@admin.register(IdempotentRequest)
class IdempotentRequestAdmin(ReadOnlyAdmin):
    list_display = ["principal", "status", "locked_until", "expires_at"]
    exclude = ["key", "target", "headers"]
    ordering = ["-pk"]
