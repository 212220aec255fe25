"""The form of a model that is managed here: make, change, test and delete it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.web.pages import PageRequest, require, signed_in
from catalog import managing, probing, services
from catalog.errors import ModelNotFound, NotManagedHere
from catalog.model_form import ModelForm
from catalog.models import ManagedDeployment, Model
from catalog.web.model_forms import DeleteForm, NewModelForm, PageForm
from litellm_sync.errors import GatewayRefused
from litemaas import dry_run, errors
from litemaas.web import conflicts
from litemaas.web.forms import show_refusal

READ, WRITE = "admin:models:read", "admin:models"
_NAMED = 20


@dataclass(frozen=True)
class Impact:
    """What an act would touch: counts, and the first by name (`person: model`, and names of keys)."""

    subscriptions: int
    users: int
    keys: int
    named: list[str]

    @classmethod
    def of(cls, rehearsal: dry_run.Rehearsal) -> "Impact":
        subscriptions, users, keys = (
            rehearsal.touched.get(kind, {}) for kind in ("SUBSCRIPTION", "USER", "API_KEY")
        )
        return cls(len(subscriptions), len(users), len(keys), sorted(subscriptions.values())[:_NAMED])


@require_http_methods(["GET", "POST"])
@signed_in
def new_model(request: PageRequest) -> HttpResponse:
    require(request, WRITE)
    form = NewModelForm(_typed(request))
    outcome = None
    if _is_sent(request) and form.is_valid():
        if "test" in request.POST:
            outcome = _tried(request, form, None)
        elif (saved := _saved(request, form)) is not None:
            return _done(request, saved, _("The model %(model)s was made."))
    return render(request, "catalog/edit.html", {"form": form, "outcome": outcome, "may_manage": True})


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
    """Read-only administrators look at it."""
    require(request, READ if request.method == "GET" else WRITE)
    present, is_ours, model = _present(model_id)
    form = _page_form(present, is_ours, model, _typed(request))
    may_manage = request.user.may(WRITE)
    if not may_manage:
        form.freeze(wholly=True)
    # What was shown, for when somebody else saves first.
    conflicts.stamp(form, form)
    outcome = impact = None
    if request.method == "POST":
        form.version = request.POST.get(conflicts.FIELD, "")
    if _is_sent(request) and form.is_valid():
        if "test" in request.POST and is_ours:
            outcome = _tried(request, form, model_id)
        elif (impact := _unconfirmed_restriction(request, form, model)) is None and (
            saved := _changed(request, form, model_id)
        ):
            return _done(request, saved, _("The model %(model)s was changed."))
    values = {
        "form": form,
        "model": model,
        "outcome": outcome,
        "is_ours": is_ours,
        "impact": impact,
        "may_manage": may_manage,
    }
    values["has_key"] = (
        ManagedDeployment.objects.kept().filter(model=model, sealed_provider_key__isnull=False).exists()
    )
    return render(request, "catalog/edit.html", values)


def _typed(request: PageRequest) -> QueryDict | None:
    """What was sent; a name of the backend that was clicked on (`use`) takes the place of the typed one."""
    if request.method != "POST":
        return None
    if "use" not in request.POST:
        return request.POST
    typed = request.POST.copy()
    typed["backend_model_name"] = request.POST["use"]
    return typed


def _is_sent(request: PageRequest) -> bool:
    """Whether to act on what was typed; a click on a name only fills it in."""
    return request.method == "POST" and "use" not in request.POST


def _unconfirmed_restriction(request: PageRequest, form: PageForm, model: Model) -> Impact | None:
    """Who loses the model when it becomes restricted, unless that was confirmed or touches nobody."""
    if model.restricted_access or not form.cleaned_data["restricted"] or "confirmed" in request.POST:
        return None
    with dry_run.rehearsal() as rehearsal:
        services.restrict_model(actor=request.user, model_id=model.pk, restricted=True, now=timezone.now())
    return impact if (impact := Impact.of(rehearsal)).subscriptions else None


def _present(model_id: str) -> tuple[ModelForm, bool, Model]:
    model = Model.objects.filter(pk=model_id, retired_at=None).first()
    if model is None:
        raise ModelNotFound
    return (*managing.present_form(model), model)


def _page_form(present: ModelForm, is_ours: bool, model: Model, typed: QueryDict | None = None) -> PageForm:
    form = PageForm(typed, initial=PageForm.initial_of(present, model.restricted_access))
    if not is_ours:
        form.freeze()
    return form


def _changed(request: PageRequest, form: PageForm, model_id: str) -> managing.Saved | None:
    """None when it was refused, or somebody else saved meanwhile: the form says which. The values are compared with
    what is there when it is our turn. Of a model of the gateway's own only the restriction is changed."""
    done: list[managing.Saved] = []

    def save() -> None:
        present, is_ours, _model = _present(model_id)
        wanted = form.as_model_form(present)
        names = [n for n in ModelForm.column_names() if getattr(wanted, n) != getattr(present, n)]
        done.append(
            managing.change_model(
                actor=request.user,
                model_id=model_id,
                changes={name: getattr(wanted, name) for name in names} if is_ours else {},
                provider_key=form.cleaned_data["api_key"] or None,
                restricted=form.cleaned_data["restricted"],
                now=timezone.now(),
            )
        )

    conflicts.saved(request, form, lambda: _page_form(*_present(model_id)), save)
    return done[0] if done else None


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
    require(request, WRITE)
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
    impact = _of_retirement(request, model)
    return render(request, "catalog/delete.html", {"model": model, "form": form, "impact": impact})


def _of_retirement(request: PageRequest, model: Model) -> Impact | None:
    """None where the model can't be deleted here."""
    try:
        with dry_run.rehearsal() as rehearsal:
            managing.retire_model(actor=request.user, model_id=model.pk, now=timezone.now())
    except NotManagedHere:
        return None
    return Impact.of(rehearsal)


def _done(request: PageRequest, saved: managing.Saved, said: str) -> HttpResponse:
    messages.success(request, said % {"model": saved.model.pk})
    if saved.sync_status != "synced":
        messages.warning(request, _("The gateway does not have it yet. It will as soon as it answers."))
    return redirect("manage_models")
