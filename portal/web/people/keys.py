"""Somebody's API keys, for administrators: maximums do not bind them, and missing subscriptions are made."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models.functions import Lower
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import User
from accounts.web.pages import PageRequest, require, signed_in
from apikeys import services
from apikeys.key_policy import KeyPolicy, key_policy
from apikeys.models import ApiKey, ApiKeyQuerySet
from apikeys.web.forms import ChangeForm, KeyForm, teams_with_keys
from apikeys.web.key_filter import KeyFilter
from apikeys.web.listing import Row, filtered, row_of, rows_of, used_models, used_teams
from apikeys.web.rotating import RotateForm, rotate_as_asked
from apikeys.web.states import with_gateway_state
from catalog.models import Model
from litemaas import errors
from litemaas.web import conflicts
from litemaas.web.forms import sent, show_refusal
from litemaas.web.paging import page_of
from litemaas.web.tables import Column, Table
from litemaas.web.templatetags.pf_labels import KEY_LOOKS
from portal.web.people.forms import DeleteKeyForm, NeededReasonForm, ReasonForm
from portal.web.people.person import READ, WRITE_KEYS, person_for, shown
from subscriptions.services import grant_models

PAGE_SIZES = (10, 20, 50, 100)
TABLE: Table[Row] = Table(
    "user-keys",
    [
        Column("name", gettext_lazy("Name"), lambda row: row.key.name, order=Lower("name"), is_fixed=True),
        Column("key", gettext_lazy("Key"), lambda row: row.key.preview, is_extra=True),
        Column("status", gettext_lazy("Status"), lambda row: str(KEY_LOOKS[row.state.word].word)),
        Column("models", gettext_lazy("Models"), lambda row: ", ".join(row.models)),
        Column("spend", gettext_lazy("Budget"), lambda row: row.spend, order="spend"),
        Column("rates", gettext_lazy("Rate limits"), lambda row: f"{row.key.tpm_limit} {row.key.rpm_limit}"),
        Column("used", gettext_lazy("Last used"), lambda row: row.key.last_used_at, order="last_used_at"),
        Column("expires", gettext_lazy("Expires"), lambda row: row.key.expires_at, order="expires_at"),
        Column("team", gettext_lazy("Team"), lambda row: row.team_name, order="team__name", is_extra=True),
        Column(
            "created",
            gettext_lazy("Created"),
            lambda row: row.key.created_at,
            order="created_at",
            is_extra=True,
        ),
    ],
    sort="-created",
)


def _keys_of(request: PageRequest, person: User) -> ApiKeyQuerySet:
    return with_gateway_state(ApiKey.objects.visible_to(request.user).filter(owner_id=person.pk))


@require_GET
@signed_in
def keys(request: PageRequest, user_id: UUID) -> HttpResponseBase:
    person, now = person_for(request, user_id), timezone.now()
    theirs, table = _keys_of(request, person), TABLE.shown_to(request)
    chosen = KeyFilter(request.GET, models=used_models(theirs), teams=used_teams(person))
    found = table.sorted(filtered(theirs, chosen, now))
    if table.wants_file:
        return table.file(found, of=lambda some: rows_of(some, now))
    page = page_of(found, request.GET, PAGE_SIZES)
    rows = rows_of(page, now)
    is_plain = not any(chosen.cleaned_data.values())
    has_any = bool(rows) or not is_plain or theirs.exists()
    return shown(request, "keys", person, filter=chosen, table=table, page=page, rows=rows, has_any=has_any)


@require_GET
@signed_in
def find_key(request: PageRequest, key_id: UUID) -> HttpResponse:
    """To wherever operators look after this key: the record of acts knows keys without their owners."""
    require(request, READ)
    key = ApiKey.objects.visible_to(request.user).get_or_refuse(key_id)
    if key.owner_id is None:
        return redirect("team_keys", key.team_id)
    return redirect("change_user_key", key.owner_id, key.pk)


def _unbound() -> KeyPolicy:
    """The defaults without the maximums."""
    policy = key_policy()
    return replace(policy, maximums=dict.fromkeys(policy.maximums))


def _models() -> list[str]:
    return list(Model.objects.available().order_by("pk").values_list("pk", flat=True))


def _for_everybody(form: Any) -> Any:
    """The words of the form's own page speak of one's own subscriptions."""
    field = form.fields["model_ids"]
    field.help_text = _(
        "The models that the key opens. Subscriptions that are missing are made, also to restricted ones."
    )
    if "team_id" in form.fields:
        form.fields["team_id"].help_text = _(
            "Its budget pays for what the key uses. Without one it is the user’s."
        )
    field.error_messages["invalid_choice"] = _("There is no model %(value)s.")
    return form


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: PageRequest, user_id: UUID) -> HttpResponse:
    """Make a key. The secret is in this answer only; sending the form again shows the same key."""
    require(request, WRITE_KEYS)
    person = person_for(request, user_id)
    form = KeyForm(
        sent(request), models=_models(), chosen=[], teams=teams_with_keys(person), policy=_unbound()
    )
    _for_everybody(form)
    if request.method == "POST" and form.is_valid() and (issued := _issue(request, person, form)):
        now = timezone.now()
        row = row_of(_keys_of(request, person).get(pk=issued.key.pk), now)
        return shown(request, "key_created", person, row=row, secret=issued.secret)
    return shown(request, "new_key", person, form=form)


def _issue(request: PageRequest, person: User, form: KeyForm) -> services.IssuedKey | None:
    now = timezone.now()
    arguments = form.arguments(now)
    reason = f"For the API key “{arguments['name']}”."

    def subscribe(user: User, model_ids: list[str]) -> None:
        grant_models(actor=request.user, owner=user, model_ids=model_ids, reason=reason, now=now)

    try:
        return services.issue_api_key(
            actor=request.user, owner=person, subscribe=subscribe, now=now, **arguments
        )
    except errors.Forbidden:
        raise
    except errors.DomainError as error:
        show_refusal(form, error)
        return None


@require_http_methods(["GET", "POST"])
@signed_in
def change(request: PageRequest, user_id: UUID, key_id: UUID) -> HttpResponse:
    """Read-only administrators see what is set, and change nothing."""
    if request.method == "POST":
        require(request, WRITE_KEYS)
    person, now = person_for(request, user_id), timezone.now()
    key = _keys_of(request, person).select_related("team").get_or_refuse(key_id)
    is_fixed = not request.user.may(WRITE_KEYS) or not key.is_live(now)

    def form_of(data: QueryDict | None) -> ChangeForm:
        present = _keys_of(request, person).select_related("team").get_or_refuse(key_id)
        chosen = sorted(link.model_id for link in present.model_links.all())
        models = sorted({*chosen, *_models()})
        form = ChangeForm(data, key=present, models=models, chosen=chosen, policy=_unbound())
        _for_everybody(form)
        if is_fixed:
            for field in form.fields.values():
                field.disabled = True
        return form

    form = form_of(sent(request))
    if conflicts.saved(request, form, lambda: form_of(None), lambda: _change(request, key, form, now)):
        messages.success(request, _("The key is changed."))
        return redirect("user_keys", person.pk)
    return shown(request, "change_key", person, form=form, row=row_of(key, now), is_fixed=is_fixed)


def _change(request: PageRequest, key: ApiKey, form: ChangeForm, now: datetime) -> None:
    """Only what was changed in the form is sent: what nobody touched stays as somebody else may have set it."""
    named = {"budget_duration": "budget_window", "expires": "expires_at"}
    changed = {named.get(name, name) for name in form.changed_data}
    values = {name: value for name, value in form.arguments(now).items() if name in changed}
    services.change_api_key(actor=request.user, key_id=key.pk, is_bound=False, now=now, **values)


@require_http_methods(["GET", "POST"])
@signed_in
def revoke(request: PageRequest, user_id: UUID, key_id: UUID) -> HttpResponse:
    """Stop the key for good; the owner finds it under the ended ones."""
    require(request, WRITE_KEYS)
    person = person_for(request, user_id)
    row = row_of(_keys_of(request, person).get_or_refuse(key_id), timezone.now())
    form = NeededReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        services.revoke_api_key(actor=request.user, key_id=key_id, reason=reason, now=timezone.now())
        messages.success(request, _("The key “%(name)s” is revoked.") % {"name": row.key.name})
        return redirect("user_keys", person.pk)
    return shown(request, "revoke_key", person, form=form, row=row)


@require_http_methods(["GET", "POST"])
@signed_in
def delete(request: PageRequest, user_id: UUID, key_id: UUID) -> HttpResponse:
    """Take the key off every list."""
    require(request, WRITE_KEYS)
    person = person_for(request, user_id)
    row = row_of(_keys_of(request, person).get_or_refuse(key_id), timezone.now())
    form = DeleteKeyForm(sent(request), name=row.key.name)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        services.delete_api_key(actor=request.user, key_id=key_id, reason=reason, now=timezone.now())
        messages.success(request, _("The key “%(name)s” is deleted.") % {"name": row.key.name})
        return redirect("user_keys", person.pk)
    return shown(request, "delete_key", person, form=form, row=row)


@require_http_methods(["GET", "POST"])
@signed_in
def rotate(request: PageRequest, user_id: UUID, key_id: UUID) -> HttpResponse:
    """A new secret, in this answer only; whoever asked has to bring it to the owner."""
    require(request, WRITE_KEYS)
    person = person_for(request, user_id)
    key = _keys_of(request, person).get_or_refuse(key_id)
    form = RotateForm(sent(request))
    secret = rotate_as_asked(request, key_id, form)
    if secret is not None:
        row = row_of(_keys_of(request, person).get(pk=key_id), timezone.now())
        return shown(request, "key_created", person, row=row, secret=secret, is_rotated=True)
    return shown(request, "rotate_key", person, form=form, row=row_of(key, timezone.now()))


@require_http_methods(["GET", "POST"])
@signed_in
def reset_spend(request: PageRequest, user_id: UUID, key_id: UUID) -> HttpResponse:
    require(request, WRITE_KEYS)
    person = person_for(request, user_id)
    key = _keys_of(request, person).get_or_refuse(key_id)
    form = ReasonForm(sent(request))
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        services.reset_key_spend(actor=request.user, key_id=key_id, reason=reason, now=timezone.now())
        messages.success(request, _("The spend of “%(name)s” counts from 0 again.") % {"name": key.name})
        return redirect("user_keys", person.pk)
    return shown(request, "reset_key_spend", person, form=form, row=row_of(key, timezone.now()))
