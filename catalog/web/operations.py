"""The models that are managed here: list, form, test, delete. Read-only administrators look."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.web.pages import PageRequest, signed_in
from catalog import managing, probing
from catalog.errors import ModelNotFound, NotManagedHere
from catalog.model_form import ModelForm
from catalog.models import Deployment, ManagedDeployment, Model, SyncRun
from catalog.web.model_forms import DeleteForm, ManagedFilter, NewModelForm, PageForm
from litellm_sync.errors import GatewayRefused
from litemaas import errors
from litemaas.web.forms import show_refusal
from litemaas.web.paging import page_of


@require_GET
@signed_in
def models(request: PageRequest) -> HttpResponse:
    if not request.user.may("admin:models:read"):
        raise errors.Forbidden
    chosen = ManagedFilter(request.GET)
    serving = Deployment.objects.filter(model=OuterRef("pk"), vanished_at=None).order_by("id")
    rows = chosen.apply(Model.objects.all()).annotate(
        is_managed=Exists(ManagedDeployment.objects.kept().filter(model=OuterRef("pk"))),
        api_base=Subquery(serving.values("api_base")[:1]),
        subscribers=Count("subscriptions", filter=Q(subscriptions__status="active")),
    )
    page = page_of(rows.order_by("id"), request.GET)
    values = {
        "filter": chosen,
        "page": page,
        "may_manage": request.user.may("admin:models"),
        "has_any": page.paginator.count > 0 or Model.objects.exists(),
        "runs": SyncRun.objects.order_by("-started_at", "-pk")[:5],
    }
    return render(request, "catalog/manage.html", values)


@require_http_methods(["GET", "POST"])
@signed_in
def new_model(request: PageRequest) -> HttpResponse:
    _require(request)
    form = NewModelForm(request.POST if request.method == "POST" else None)
    outcome = None
    if request.method == "POST" and form.is_valid():
        if "test" in request.POST:
            outcome = _tried(request, form, None)
        elif (saved := _saved(request, form)) is not None:
            return _done(request, saved, _("The model %(model)s was made."))
    return render(request, "catalog/edit.html", {"form": form, "outcome": outcome})


def _saved(request: PageRequest, form: NewModelForm) -> managing.Saved | None:
    try:
        return managing.create_model(
            actor=request.user,
            form=form.as_model_form(ModelForm(model_name=form.cleaned_data["model_name"])),
            provider_key=form.cleaned_data["api_key"] or None,
            restricted=form.cleaned_data["restricted"],
            now=timezone.now(),
        )
    except (errors.InvalidInput, errors.AlreadyExists, GatewayRefused) as error:
        show_refusal(form, error)
        return None


@require_http_methods(["GET", "POST"])
@signed_in
def edit_model(request: PageRequest, model_id: str) -> HttpResponse:
    _require(request)
    present, is_ours, model = _present(model_id)
    form = PageForm(
        request.POST if request.method == "POST" else None,
        initial=PageForm.initial_of(present, model.restricted_access),
    )
    outcome = None
    if request.method == "POST" and form.is_valid():
        if "test" in request.POST:
            outcome = _tried(request, form, model_id)
        elif (saved := _changed(request, form, present, model_id)) is not None:
            return _done(request, saved, _("The model %(model)s was changed."))
    values = {"form": form, "model": model, "outcome": outcome, "is_ours": is_ours}
    values["has_key"] = (
        ManagedDeployment.objects.kept().filter(model=model, sealed_provider_key__isnull=False).exists()
    )
    values["live"] = model.subscriptions.filter(status="active").count()
    return render(request, "catalog/edit.html", values)


def _present(model_id: str) -> tuple[ModelForm, bool, Model]:
    model = Model.objects.filter(pk=model_id, retired_at=None).first()
    if model is None:
        raise ModelNotFound
    return (*managing.present_form(model), model)


def _changed(
    request: PageRequest, form: PageForm, present: ModelForm, model_id: str
) -> managing.Saved | None:
    wanted = form.as_model_form(present)
    names = [name for name in ModelForm.column_names() if getattr(wanted, name) != getattr(present, name)]
    try:
        return managing.change_model(
            actor=request.user,
            model_id=model_id,
            changes={name: getattr(wanted, name) for name in names},
            provider_key=form.cleaned_data["api_key"] or None,
            restricted=form.cleaned_data["restricted"],
            now=timezone.now(),
        )
    except (errors.InvalidInput, NotManagedHere, GatewayRefused) as error:
        show_refusal(form, error)
        return None


def _tried(request: PageRequest, form: PageForm, model_id: str | None) -> probing.Outcome | None:
    wanted: dict[str, Any] = form.cleaned_data
    try:
        return probing.try_configuration(
            actor=request.user,
            api_base=wanted["api_base"],
            backend_model_name=wanted["backend_model_name"],
            provider_key=wanted["api_key"] or None,
            model_id=model_id,
            converts=wanted["model_type"] == Model.Type.CONVERT,
            now=timezone.now(),
        )
    except errors.InvalidInput as error:
        show_refusal(form, error)
        return None


@require_http_methods(["GET", "POST"])
@signed_in
def delete_model(request: PageRequest, model_id: str) -> HttpResponse:
    """Typed by name: everybody who uses it loses it."""
    _require(request)
    model = _present(model_id)[2]
    form = DeleteForm(request.POST if request.method == "POST" else None, name=model.pk)
    if request.method == "POST" and form.is_valid():
        try:
            saved = managing.retire_model(
                actor=request.user,
                model_id=model.pk,
                reason=form.cleaned_data["reason"],
                now=timezone.now(),
            )
        except NotManagedHere as error:
            show_refusal(form, error)
        else:
            return _done(request, saved, _("The model %(model)s was deleted. Its history stays."))
    live = model.subscriptions.exclude(status__in=["inactive", "expired"])
    counts = {"subscriptions": live.count(), "users": live.values("user").distinct().count()}
    return render(request, "catalog/delete.html", {"model": model, "form": form, "counts": counts})


def _done(request: PageRequest, saved: managing.Saved, said: str) -> HttpResponse:
    messages.success(request, said % {"model": saved.model.pk})
    if saved.sync_status != "synced":
        messages.warning(request, _("The gateway does not have it yet. It will as soon as it answers."))
    return redirect("manage_models")


def _require(request: PageRequest) -> None:
    if not request.user.may("admin:models"):
        raise errors.Forbidden
