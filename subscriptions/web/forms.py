"""Forms and filters of subscriptions."""

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from litemaas.web.forms import WholeNumber
from subscriptions.models import Subscription, SubscriptionQuerySet

STATUS_CHOICES = [
    (Subscription.Status.ACTIVE.value, _("Active")),
    (Subscription.Status.PENDING.value, _("Pending")),
    (Subscription.Status.DENIED.value, _("Denied")),
    (Subscription.Status.SUSPENDED.value, _("Suspended")),
]
ENDED_CHOICES = [
    (Subscription.Status.INACTIVE.value, _("Inactive")),
    (Subscription.Status.EXPIRED.value, _("Expired")),
]


class SubscribeForm(forms.Form):
    """The quotas of a new subscription; the prefilled values are also the most that can be had here."""

    model_id = forms.CharField(widget=forms.HiddenInput, max_length=255)
    quota_requests = WholeNumber(
        label=_("Requests per month"), initial=settings.DEFAULT_QUOTA_REQUESTS, required=False
    )
    quota_tokens = WholeNumber(
        label=_("Tokens per month"), initial=settings.DEFAULT_QUOTA_TOKENS, required=False
    )


class ReviewForm(forms.Form):
    comment = forms.CharField(
        label=_("What has changed"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3, "maxlength": 500}),
        help_text=_("An administrator reads this. At most 500 characters."),
    )


class SubscriptionFilter(forms.Form):
    """Ended subscriptions are listed when they are asked for."""

    search = forms.CharField(
        label=_("Search by model"), required=False, max_length=200, widget=forms.TextInput({"type": "search"})
    )
    status = forms.ChoiceField(
        label=_("Status"), required=False, choices=[("", ""), *STATUS_CHOICES, *ENDED_CHOICES]
    )
    ended = forms.BooleanField(label=_("Show ended"), required=False)

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.full_clean()

    def apply(self, rows: SubscriptionQuerySet) -> SubscriptionQuerySet:
        wanted = self.cleaned_data
        if status := wanted.get("status"):
            rows = rows.filter(status=status)
        elif not wanted.get("ended"):
            rows = rows.current()
        if text := wanted.get("search", "").strip():
            rows = rows.filter(model_id__icontains=text)
        return rows
