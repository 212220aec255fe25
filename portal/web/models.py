"""The catalogue, seen by somebody who may want to use it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F, FilteredRelation, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from catalog.errors import ModelNotFound, SyncSafetyStop
from catalog.models import Deployment, Model, SyncRun
from catalog.sync import sync_models
from litemaas import errors
from litemaas.web.listing import order_of, page_of
from subscriptions.models import Subscription

SORTS = {
    "name": "id",
    "provider": "provider",
    "context": "context_length",
    "price": "input_cost_per_token",
}
_ANY = [("", gettext_lazy("All"))]
_CAPABILITIES = [
    ("vision", gettext_lazy("Vision")),
    ("function_calling", gettext_lazy("Function calling")),
    ("parallel_function_calling", gettext_lazy("Parallel functions")),
    ("tool_choice", gettext_lazy("Tool choice")),
]


class ModelFilter(forms.Form):
    """Every field is optional; the state of the list is the address."""

    search = forms.CharField(
        label=gettext_lazy("Search"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": gettext_lazy("Name, provider or words")}),
    )
    provider = forms.ChoiceField(label=gettext_lazy("Provider"), required=False)
    type = forms.ChoiceField(
        label=gettext_lazy("Type"), required=False, choices=[*_ANY, *Model.Type.choices]
    )
    capability = forms.MultipleChoiceField(
        label=gettext_lazy("Capability"),
        required=False,
        choices=_CAPABILITIES,
        widget=forms.CheckboxSelectMultiple,
    )
    access = forms.ChoiceField(
        label=gettext_lazy("Access"),
        required=False,
        choices=[*_ANY, ("open", gettext_lazy("Open")), ("restricted", gettext_lazy("Restricted"))],
    )
    mine = forms.ChoiceField(
        label=gettext_lazy("My status"),
        required=False,
        choices=[*_ANY, ("none", gettext_lazy("Not subscribed")), *Subscription.Status.choices],
    )

    def __init__(self, *args: Any, providers: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["provider"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*_ANY, *((name, name) for name in providers)]

    def narrow(self, rows: Any) -> Any:
        """`rows` with what is filled in rightly; a value that makes no sense filters nothing."""
        self.is_valid()
        asked = {name: value for name, value in getattr(self, "cleaned_data", {}).items() if value}
        rows = rows.search(asked.get("search", ""))
        if "provider" in asked:
            rows = rows.filter(provider=asked["provider"])
        if "type" in asked:
            rows = rows.filter(model_type=asked["type"])
        if "capability" in asked:
            rows = rows.filter(capabilities__contains=asked["capability"])
        if "access" in asked:
            rows = rows.filter(restricted_access=asked["access"] == "restricted")
        if "mine" in asked:
            rows = rows.filter(my_status=None if asked["mine"] == "none" else asked["mine"])
        return rows


def _with_my_status(rows: Any, user: User) -> Any:
    mine = FilteredRelation("subscriptions", condition=Q(subscriptions__user=user.pk))
    return rows.annotate(mine=mine, my_status=F("mine__status"))


@login_required
@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    visible = Model.objects.visible_to(user)
    providers = list(visible.exclude(provider="").order_by("provider").values_list("provider", flat=True).distinct())
    form = ModelFilter(request.GET or None, providers=providers)
    rows = form.narrow(_with_my_status(visible, user)) if request.GET else _with_my_status(visible, user)
    order = order_of(request, SORTS, "name")
    column = F(order.lstrip("-"))
    ordered = column.desc(nulls_last=True) if order.startswith("-") else column.asc(nulls_last=True)
    page = page_of(request, rows.order_by(ordered, "id"), size=12)
    count = page.paginator.count
    context = {
        "form": form,
        "page": page,
        "count_text": ngettext("%(n)s model", "%(n)s models", count) % {"n": count},
        "is_filtered": bool(request.GET),
        "sync": SyncRun.objects.filter(state=SyncRun.State.SUCCEEDED).order_by("-started_at").first(),
        "stopped": _last_stop() if user.sees_everything else None,
    }
    return render(request, "portal/models.html", context)


def _last_stop() -> SyncRun | None:
    """The newest run, if it stopped for safety: then somebody has to decide."""
    newest = SyncRun.objects.exclude(state=SyncRun.State.RUNNING).order_by("-started_at").first()
    return newest if newest and newest.state == SyncRun.State.STOPPED else None


@login_required
@require_safe
def model_detail(request: HttpRequest, model_id: str) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    mine = Subscription.objects.filter(user=user, model_id=model_id).first()
    # Who has a subscription still finds the page when the model has vanished.
    models = Model.objects.all() if mine else Model.objects.visible_to(user)
    model = models.filter(pk=model_id).first()
    if model is None:
        raise ModelNotFound
    context = {
        "model": model,
        "mine": mine,
        "tab": "code" if request.GET.get("tab") == "code" else "overview",
        "overview_is_current": request.GET.get("tab") != "code",
        "code_is_current": request.GET.get("tab") == "code",
        "snippet_kind": "embeddings" if model.model_type == Model.Type.EMBEDDINGS else "chat",
        "deployments": _deployments(model) if user.sees_everything else None,
    }
    return render(request, "portal/model.html", context)


def _deployments(model: Model) -> list[Deployment]:
    return list(model.deployments.filter(vanished_at=None).order_by("id"))


@login_required
@require_POST
def sync(request: HttpRequest) -> HttpResponse:
    """Read the gateway's models now. After a safety stop the button asks to confirm."""
    user = request.user
    assert isinstance(user, User)
    if not user.may("models:write"):
        raise errors.Forbidden(requiredPermission="models:write")
    try:
        done = sync_models(actor=user, trigger="button", confirm=request.POST.get("confirm") == "yes")
    except SyncSafetyStop as stop:
        messages.warning(request, stop.message)
    else:
        text = _("%(total)s models: %(new)s new, %(updated)s updated, %(gone)s missing, %(back)s restored.")
        messages.success(
            request,
            text
            % {
                "total": done.total,
                "new": len(done.new),
                "updated": len(done.updated),
                "gone": len(done.unavailable),
                "back": len(done.restored),
            },
        )
    return redirect("models")
