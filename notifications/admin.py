"""What people were told, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from litemaas.administration import ReadOnlyAdmin
from notifications.models import Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ["user", "kind", "variant", "title_text", "created_at", "read_at"]
    list_filter = ["variant", ("read_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["user"]
    ordering = ["-created_at"]
