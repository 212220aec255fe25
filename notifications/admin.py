"""What people were told, for operators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from litemaas.administration import ReadOnlyAdmin
from notifications.kinds import label_of
from notifications.models import Letter, Notification


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    named = (_("Notification"), _("Notifications"))
    in_words = {"kind": label_of}
    list_display = ["user", "kind", "variant", "title_text", "created_at", "read_at"]
    list_filter = ["variant", ("read_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["user"]
    ordering = ["-created_at"]


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    """Taken and not sent: whoever sent it died half-way, and nobody knows whether it arrived."""

    named = (_("Letter"), _("Letters"))
    in_words = {"kind": label_of}
    list_display = ["user", "kind", "title_text", "created_at", "due_at", "taken_at", "sent_at", "last_error"]
    list_filter = [("sent_at", admin.EmptyFieldListFilter), ("due_at", admin.EmptyFieldListFilter)]
    search_fields = ["user__username"]
    search_help_text = _("A part of the user name.")
    list_select_related = ["user"]
    ordering = ["-created_at"]
