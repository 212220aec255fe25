"""Somebody's subscriptions, for administrators."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.web.pages import PageRequest, require, signed_in
from catalog.models import Model
from litemaas import errors
from litemaas.web.forms import sent, show_refusal
from litemaas.web.paging import page_of
from litemaas.web.tables import Column, Table
from portal.web.people.forms import GrantForm, NeededReasonForm
from portal.web.people.person import WRITE_SUBSCRIPTIONS, person_for, shown
from subscriptions import policies, services
from subscriptions.models import Subscription

PAGE_SIZES = (10, 20, 50, 100)
TABLE: Table[Subscription] = Table(
    "user-subscriptions",
    [
        Column("model", gettext_lazy("Model"), lambda row: row.model_id, order="model_id", is_fixed=True),
        Column("provider", gettext_lazy("Provider"), lambda row: row.model.provider, order="model__provider"),
        Column("status", gettext_lazy("Status"), lambda row: row.status, order="status"),
        Column("reason", gettext_lazy("Reason"), lambda row: row.status_reason),
        Column("created", gettext_lazy("Created"), lambda row: row.created_at, order="created_at"),
        Column(
            "changed",
            gettext_lazy("Changed"),
            lambda row: row.status_changed_at,
            order="status_changed_at",
            is_extra=True,
        ),
    ],
    sort="model",
)


@require_GET
@signed_in
def subscriptions(request: PageRequest, user_id: UUID) -> HttpResponseBase:
    person, table = person_for(request, user_id), TABLE.shown_to(request)
    rows = Subscription.objects.visible_to(request.user).filter(user_id=person.pk).select_related("model")
    found = table.sorted(rows)
    if table.wants_file:
        return table.file(found)
    return shown(request, "subscriptions", person, table=table, page=page_of(found, request.GET, PAGE_SIZES))


@require_http_methods(["GET", "POST"])
@signed_in
def add(request: PageRequest, user_id: UUID) -> HttpResponse:
    """Several at once, also to restricted models: the administrator is who approves."""
    require(request, WRITE_SUBSCRIPTIONS)
    person = person_for(request, user_id)
    models = list(Model.objects.available().order_by("pk").values_list("pk", flat=True))
    active = Subscription.objects.active().filter(user_id=person.pk).values_list("model_id", flat=True)
    form = GrantForm(sent(request), models=models, subscribed=set(active))
    if request.method == "POST" and form.is_valid():
        try:
            granted = services.grant_subscriptions(
                actor=request.user,
                user_id=person.pk,
                model_ids=form.cleaned_data["model_ids"],
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except errors.InvalidInput as error:
            show_refusal(form, error)
        else:
            _tell(request, granted)
            return redirect("user_subscriptions", person.pk)
    return shown(request, "add_subscriptions", person, form=form, has_models=bool(models))


def _tell(request: PageRequest, granted: services.Granted) -> None:
    made, woken, kept = len(granted.created), len(granted.activated), len(granted.already_active)
    if made:
        said = ngettext("%(n)s subscription was made.", "%(n)s subscriptions were made.", made)
        messages.success(request, said % {"n": made})
    if woken:
        said = ngettext("%(n)s subscription is active now.", "%(n)s subscriptions are active now.", woken)
        messages.success(request, said % {"n": woken})
    if kept:
        said = ngettext(
            "%(n)s subscription was active already.", "%(n)s subscriptions were active already.", kept
        )
        messages.info(request, said % {"n": kept})


@require_http_methods(["GET", "POST"])
@signed_in
def remove(request: PageRequest, user_id: UUID, subscription_id: UUID) -> HttpResponse:
    """End it and take it off all lists; the history stays."""
    if not policies.may_delete(request.user):
        raise errors.Forbidden(requiredPermission="admin:subscriptions:delete")
    person = person_for(request, user_id)
    rows = Subscription.objects.visible_to(request.user).filter(user_id=person.pk)
    row = rows.get_or_refuse(subscription_id)
    form = NeededReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        services.delete_subscription(
            actor=request.user,
            subscription_id=row.pk,
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
        messages.success(request, _("The subscription is deleted. Its history is kept."))
        return redirect("user_subscriptions", person.pk)
    return shown(request, "remove_subscription", person, form=form, row=row)
