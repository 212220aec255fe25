"""The tab of limits: what new users and keys get, what keys may have at most, and one change for many users."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts import options
from accounts.web.pages import PageRequest, require, signed_in
from apikeys import key_policy
from apikeys.over_maximum import keys_above
from jobs.models import Job
from jobs.web.lines import line_of
from litemaas import currency, errors
from litemaas.web import conflicts
from litemaas.web.forms import show_refusal
from litemaas.web.templatetags.formats import number_text
from portal import bulk_limits
from portal.web.settings.frame import READ, WRITE, show
from portal.web.settings.limits_forms import (
    DEFAULTS,
    MANY,
    MAXIMUMS,
    TITLES,
    EverybodyForm,
    KeysForm,
    NewUsersForm,
    SureForm,
)

_MAY_LIMIT = "users:write"
_USERS = {
    "user_max_budget": "userMaxBudget",
    "user_tpm_limit": "userTpmLimit",
    "user_rpm_limit": "userRpmLimit",
}


@require_http_methods(["GET", "POST"])
@signed_in
def limits(request: PageRequest) -> HttpResponse:
    """A POST names its form by `part`: users, or keys, whose `act` may be to count only."""
    require(request, READ if request.method == "GET" else WRITE)
    if request.method == "GET":
        return _page(request)
    return _save_keys(request) if request.POST.get("part") == "keys" else _save_new_users(request)


def _page(request: PageRequest, **forms: Any) -> HttpResponse:
    now, policy = timezone.now(), key_policy.key_policy()
    may_change, may_limit = request.user.may(WRITE), request.user.may(_MAY_LIMIT)
    keys = forms.get("keys") or KeysForm(None, policy, may_change=may_change)
    counted = forms.get("counted") or keys_above(policy.maximums, now=now)
    currency_code = currency.current()["code"]
    values = {
        "users": forms.get("users") or _new_users(None, may_change=may_change),
        "keys": keys,
        "grid": [
            (
                TITLES[wire],
                keys[f"default_{name[8:]}"],
                keys[name],
                counted.get(wire),
                currency_code if wire == "maxBudget" else "",
            )
            for name, wire in MAXIMUMS.items()
        ],
        "everybody": forms.get("everybody") or EverybodyForm(may_change=may_limit),
        "may_limit": may_limit,
        **_last_change(request),
    }
    return show(request, "limits", values)


def _new_users(data: Any, *, may_change: bool = True) -> NewUsersForm:
    chosen = options.values(options.USER_DEFAULTS)
    return NewUsersForm(
        data,
        {name: chosen[option] for name, option in _USERS.items()},
        {name: settings.USER_DEFAULTS[option] for name, option in _USERS.items()},
        may_change=may_change,
    )


def _save_new_users(request: PageRequest) -> HttpResponse:
    form = _new_users(request.POST)

    def save() -> None:
        values = {option: form.cleaned_data[name] for name, option in _USERS.items()}
        options.change_options(
            actor=request.user, values=values, action="UPDATE_USER_DEFAULTS", now=timezone.now()
        )

    if conflicts.saved(request, form, lambda: _new_users(None), save):
        messages.success(request, _("Saved. New users get these limits; present users keep theirs."))
        return redirect("system_limits")
    return _page(request, users=form)


def _save_keys(request: PageRequest) -> HttpResponse:
    now, form = timezone.now(), KeysForm(request.POST, key_policy.key_policy())
    if not form.is_valid():
        return _page(request, keys=form)
    defaults, maximums, gone = form.asked()
    counted = keys_above(maximums, now=now)
    if request.POST.get("act") == "count":
        messages.info(request, _above(counted) or _("No key is above these maximums."))
        return _page(request, keys=form, counted=counted)

    def save() -> None:
        try:
            key_policy.change_key_policy(actor=request.user, defaults=defaults, maximums=maximums, now=now)
        except errors.InvalidInput as refusal:
            fields = {_field_of(place): text for place, text in refusal.fields.items()}
            raise errors.InvalidInput(fields=fields) from refusal

    if not conflicts.saved(request, form, lambda: KeysForm(None, key_policy.key_policy()), save):
        return _page(request, keys=form)
    messages.success(request, _("Saved. Present keys keep what they have."))
    if gone:
        said = _("These defaults were above the new maximum and were taken away: %(names)s.")
        messages.warning(request, said % {"names": ", ".join(gone)})
    if told := _above(counted):
        messages.info(request, told)
    return redirect("system_limits")


def _field_of(place: str) -> str:
    """`defaults.maxBudget` of the use case is the form's `default_max_budget`."""
    group, _dot, wire = place.partition(".")
    fields = DEFAULTS if group == "defaults" else MAXIMUMS
    return next((name for name, known in fields.items() if known == wire), place)


def _above(counted: dict[str, int]) -> str:
    """ "Budget: 3 keys; …" of those that are above."""
    parts = [
        ngettext(
            "%(limit)s: %(n)s existing key is above it", "%(limit)s: %(n)s existing keys are above it", count
        )
        % {"limit": TITLES[wire], "n": number_text(count)}
        for wire, count in counted.items()
        if count
    ]
    return "; ".join(parts)


# --- one change for many ----------------------------------------------------------------------------------------------


@require_POST
@signed_in
def change_for_many(request: PageRequest) -> HttpResponse:
    """First whom it is for, on a page that asks; with `sure` the job."""
    require(request, _MAY_LIMIT)
    form = EverybodyForm(request.POST)
    if not form.is_valid():
        return _page(request, everybody=form)
    asked = bulk_limits.Asked(
        limits=form.limits(),
        user_ids=form.cleaned_data.get("user_ids") if form.cleaned_data["whom"] == "named" else None,
        role=form.cleaned_data["role"] if form.cleaned_data["whom"] == "role" else None,
    )
    try:
        found = bulk_limits.whom(actor=request.user, asked=asked)
    except errors.InvalidInput as refusal:
        show_refusal(form, refusal)
        return _page(request, everybody=form)
    if not found.count:
        form.add_error("whom", _("Nobody fits. Nothing would change."))
        return _page(request, everybody=form)
    sent = request.POST if "sure" in request.POST else None
    sure = SureForm(sent, found.count) if found.count > MANY else None
    if sent is None or (sure is not None and not sure.is_valid()):
        values = {"form": form, "sure": sure, "found": found, "sent": _fields_of(form)}
        return render(request, "portal/settings/limits_sure.html", values)
    bulk_limits.queue(actor=request.user, asked=asked, now=timezone.now())
    messages.info(request, _("The limits are being changed. You may leave this page."))
    return redirect("system_limits")


def _fields_of(form: EverybodyForm) -> list[tuple[str, str]]:
    """What was sent, for the form that is sent after the question."""
    return [(name, form.data.get(name, "")) for name in form.fields]


def _last_change(request: PageRequest) -> dict[str, Any]:
    """The newest of these jobs with its result, whoever asked for it."""
    rows = Job.objects.visible_to(request.user).filter(kind=bulk_limits.JOB)
    job = rows.order_by("-created_at", "id").first()
    if job is None:
        return {"line": None}
    return {
        "line": line_of(job, reader=request.user, now=timezone.now()),
        "result": job.result if job.is_finished else None,
    }
