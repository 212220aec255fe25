"""What people were told, for operators."""

from django.contrib import admin

from litemaas.administration import ReadOnlyAdmin
from notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["user", "kind", "variant", "title_text", "created_at", "read_at"]
    list_filter = ["kind", "variant"]
    search_fields = ["user__username"]
    list_select_related = ["user"]
    ordering = ["-created_at", "id"]
