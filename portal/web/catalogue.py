"""The models and one's own standing with each: these pages need the catalogue and subscriptions at once."""

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from catalog.models import Model, ModelQuerySet, SyncRun
from catalog.web.filters import ModelFilter
from litemaas.web.paging import page_of
from subscriptions.models import Subscription
from subscriptions.states import ENDED
from subscriptions.web.forms import STATUS_CHOICES

PAGE_SIZES = (12, 24, 48)


class CatalogueFilter(ModelFilter):
    """With one's own standing: subscribed, asked, denied, or not at all."""

    mine = forms.ChoiceField(
        label=_("My status"),
        required=False,
        choices=[("", ""), *STATUS_CHOICES, ("none", _("Not subscribed"))],
    )
    field_order = ["search", "provider", "capability", "type", "access", "mine", "order"]

    def __init__(self, query: QueryDict) -> None:
        super().__init__(query)
        self.order_fields(self.field_order)

    def apply_for(self, user: User, models: ModelQuerySet) -> "QuerySet[Model]":
        """With `standing`, the status of this person's subscription, None without one."""
        own = Subscription.objects.filter(user=user, model=OuterRef("pk"))
        rows = self.apply(models).annotate(standing=Subquery(own.values("status")[:1]))
        mine = self.wanted.get("mine")
        if mine == "none":
            return rows.exclude(Exists(own.exclude(status__in=ENDED)))
        return rows.filter(Exists(own.filter(status=mine))) if mine else rows


@require_GET
@signed_in
def models(request: PageRequest) -> HttpResponse:
    chosen = CatalogueFilter(request.GET)
    visible = Model.objects.visible_to(request.user)
    page = page_of(chosen.apply_for(request.user, visible), request.GET, PAGE_SIZES)
    values = {
        "filter": chosen,
        "page": page,
        "has_any": page.paginator.count > 0 or visible.exists(),
        "is_list": request.GET.get("view") == "list",
        "may_sync": request.user.may("admin:models"),
        "synced_at": last_sync(),
    }
    return render(request, "catalog/list.html", values)


def last_sync() -> Any:
    """When the catalogue was last read from the gateway, None if never."""
    done = SyncRun.objects.filter(state=SyncRun.State.SUCCEEDED).order_by("-started_at")
    return done.values_list("finished_at", flat=True).first()
