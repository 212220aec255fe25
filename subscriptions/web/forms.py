"""Forms and filters of subscriptions."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from catalog.models import Model
from litemaas.web.forms import WholeNumber
from litemaas.web.templatetags.formats import number_text
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
    """The quotas of a new subscription, and the reason of a request."""

    model_id = forms.CharField(widget=forms.HiddenInput, max_length=255)
    quota_requests = WholeNumber(
        label=_("Requests per month"), initial=settings.DEFAULT_QUOTA_REQUESTS, required=False
    )
    quota_tokens = WholeNumber(
        label=_("Tokens per month"), initial=settings.DEFAULT_QUOTA_TOKENS, required=False
    )
    reason = forms.CharField(
        label=_("What you need it for"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3, "maxlength": 500}),
        help_text=_("An administrator reads this. At most 500 characters."),
    )

    def __init__(self, *args: Any, asks: bool = True, **kwargs: Any) -> None:
        """`asks`: whether somebody decides about it, who is told why."""
        super().__init__(*args, **kwargs)
        for name, most in (
            ("quota_requests", settings.MAX_QUOTA_REQUESTS),
            ("quota_tokens", settings.MAX_QUOTA_TOKENS),
        ):
            self.fields[name].help_text = _("At most %(most)s.") % {"most": number_text(most)}
        if not asks:
            del self.fields["reason"]


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
    model = forms.ChoiceField(label=_("Model"), required=False)
    ended = forms.BooleanField(label=_("Show ended"), required=False)

    def __init__(self, query: QueryDict, *, models: Iterable[tuple[str]]) -> None:
        """`models`: the names that can be chosen."""
        super().__init__(query)
        field = self.fields["model"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        field.choices = [("", ""), *((name, name) for (name,) in models)]
        self.full_clean()

    def apply(self, rows: SubscriptionQuerySet) -> SubscriptionQuerySet:
        wanted = self.cleaned_data
        if status := wanted.get("status"):
            rows = rows.filter(status=status)
        elif not wanted.get("ended"):
            rows = rows.current()
        if model := wanted.get("model"):
            rows = rows.filter(model=model)
        if text := wanted.get("search", "").strip():
            rows = rows.filter(model__id__icontains=text)
        return rows


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 3, "maxlength": 500}),
        help_text=_("At most 500 characters. It is kept in the history."),
    )


class ReadReasonForm(ReasonForm):
    """A reason that somebody else will read, and must therefore be there."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea({"rows": 3, "maxlength": 500}),
        help_text=_("The user will read this. At most 500 characters."),
    )


class QuotasForm(forms.Form):
    quota_requests = WholeNumber(label=_("Requests per month"))
    quota_tokens = WholeNumber(label=_("Tokens per month"))


def _days(label: Any, words: dict[int, Any]) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=[("", ""), *((str(n), word) for n, word in words.items())]
    )


class RequestFilter(forms.Form):
    """What waits is shown unless something else is asked for; where nothing waits, all (`shows_all_instead`)."""

    search = forms.CharField(
        label=_("Search by user or model"),
        required=False,
        max_length=200,
        widget=forms.TextInput({"type": "search"}),
    )
    status = forms.ChoiceField(
        label=_("Status"),
        choices=[
            (Subscription.Status.PENDING.value, _("Pending")),
            ("all", _("All")),
            *[choice for choice in STATUS_CHOICES if choice[0] != Subscription.Status.PENDING],
            *ENDED_CHOICES,
        ],
    )
    model = forms.ChoiceField(label=_("Model"), required=False)
    period = _days(
        _("Changed"),
        {1: _("In the last 24 hours"), 7: _("Last 7 days"), 30: _("Last 30 days"), 90: _("Last 90 days")},
    )
    waiting = _days(
        _("Waiting"), {1: _("Longer than a day"), 3: _("Longer than 3 days"), 7: _("Longer than a week")}
    )
    restricted = forms.BooleanField(label=_("Restricted models only"), required=False)

    def __init__(self, query: QueryDict, *, has_pending: bool) -> None:
        data = query.copy()
        self.is_plain = not any(data.get(name) for name in self.base_fields)
        self.shows_all_instead = self.is_plain and not has_pending
        if not data.get("status"):
            data["status"] = "all" if self.shows_all_instead else Subscription.Status.PENDING.value
        super().__init__(data)
        asked_for = Model.objects.filter(Exists(Subscription.objects.kept().filter(model=OuterRef("pk"))))
        field = self.fields["model"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        field.choices = [
            ("", ""),
            *((pk, pk) for pk in asked_for.order_by("pk").values_list("pk", flat=True)),
        ]
        self.full_clean()

    @property
    def wanted_status(self) -> str:
        """A status, or "all"."""
        return self.cleaned_data.get("status") or Subscription.Status.PENDING.value

    def apply(self, rows: SubscriptionQuerySet, *, now: datetime) -> SubscriptionQuerySet:
        wanted = self.cleaned_data
        if self.wanted_status != "all":
            rows = rows.filter(status=self.wanted_status)
        if wanted.get("restricted"):
            rows = rows.filter(model__restricted_access=True)
        if model := wanted.get("model"):
            rows = rows.filter(model=model)
        if days := wanted.get("period"):
            rows = rows.filter(status_changed_at__gte=now - timedelta(days=int(days)))
        if days := wanted.get("waiting"):
            rows = rows.filter(
                status=Subscription.Status.PENDING, status_changed_at__lte=now - timedelta(days=int(days))
            )
        if text := wanted.get("search", "").strip():
            named = Q(user__username__icontains=text) | Q(user__email__icontains=text)
            rows = rows.filter(named | Q(model__id__icontains=text))
        return rows
