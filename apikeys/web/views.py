"""Pages of one's own API keys. A secret is in an answer to a POST only, and that is never stored."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import options
from accounts.errors import SignInTooOld
from accounts.models import User
from accounts.recent_sign_in import signed_in_at
from accounts.web.pages import PageRequest, signed_in
from accounts.web.sessions import ask_again
from apikeys import policies, services
from apikeys.key_policy import key_policy
from apikeys.models import ApiKey, ApiKeySecret
from apikeys.web import limits, listing
from apikeys.web.forms import KeyFilter, KeyForm, subscribed_models, teams_with_keys
from catalog.web.filters import snippet_kind
from litemaas import errors
from litemaas.web.forms import show_refusal


@require_GET
@signed_in
def api_keys(request: PageRequest) -> HttpResponse:
    now = timezone.now()
    chosen = KeyFilter(request.GET, models=listing.used_models(request.user))
    page, rows = listing.listed(request.user, chosen, request.GET, now)
    live = ApiKey.objects.filter(owner=request.user).live(now).count()
    page_values = {
        "filter": chosen,
        "page": page,
        "rows": rows,
        "live": live,
        "allowed": options.value("maxActiveKeysPerUser"),
        "may_issue": policies.may_issue(request.user),
        "has_any": bool(rows) or listing.own(request.user).exists(),
        "has_models": bool(rows) or bool(subscribed_models(request.user)),
    }
    return render(request, "apikeys/list.html", page_values)


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: PageRequest) -> HttpResponse:
    """Make a key. `?model=` ticks models.

    The one write that answers with a page: a redirect would have to carry the secret, or keep it somewhere. Sending
    the form again shows the same key.
    """
    if not policies.may_issue(request.user):
        raise errors.Forbidden
    models = subscribed_models(request.user)
    form = KeyForm(
        request.POST or None,
        models=models,
        chosen=request.GET.getlist("model"),
        teams=teams_with_keys(request.user),
        policy=key_policy(),
    )
    if request.method == "POST" and form.is_valid() and (issued := _issue(request, form)):
        return created(request, issued)
    return render(request, "apikeys/new.html", {"form": form, "models": models})


def _issue(request: PageRequest, form: KeyForm) -> services.IssuedKey | None:
    now = timezone.now()
    try:
        return services.issue_api_key(actor=request.user, now=now, **form.arguments(now))
    except errors.DomainError as error:
        show_refusal(form, error)
        return None


def created(request: PageRequest, issued: services.IssuedKey) -> HttpResponse:
    """The only page that shows a new secret."""
    row = listing.row_of(listing.cared_for(request.user).get(pk=issued.key.pk), timezone.now())
    return render(request, "apikeys/created.html", {"row": row, "secret": issued.secret, **_sample(row.key)})


def _sample(key: ApiKey) -> dict[str, Any]:
    """The model that the examples call, and how it is called: "" where there is no example."""
    link = key.model_links.select_related("model").order_by("model_id").first()
    return {"sample": link.model, "sample_kind": snippet_kind(link.model)} if link else {}


@require_GET
@signed_in
def api_key(request: PageRequest, key_id: UUID) -> HttpResponse:
    return detail_of(request, key_id, "")


def detail_of(request: PageRequest, key_id: UUID, secret: str, *, is_new: bool = False) -> HttpResponse:
    """The page of a key; `secret` is shown in this answer only, `is_new` says that a rotation just made it."""
    now = timezone.now()
    key = listing.cared_for(request.user).select_related("owner", "team").get_or_refuse(key_id)
    row = listing.row_of(key, now)
    values = {
        "row": row,
        "secret": secret,
        "is_new": is_new,
        "former": ApiKeySecret.objects.superseded().filter(api_key=key).first(),
        "limits": limits.of_key(key, request.user, now=now),
        "history": listing.history_of(key),
        "may_change": policies.may_change(request.user, key),
        "may_reveal": policies.may_reveal(request.user, key),
        "may_reset": may_reset(request.user, key),
    }
    return render(request, "apikeys/detail.html", {**values, **_sample(row.key)})


def may_reset(user: User, key: ApiKey) -> bool:
    return policies.may_reset_spend(user, key, owners_may=bool(options.value("ownerSpendReset")))


@require_GET
@signed_in
def state(request: PageRequest, key_id: UUID) -> HttpResponse:
    """The part of a key's page that asks again until the gateway has the key."""
    if not request.htmx:
        return redirect("api_key", key_id)
    row = listing.row_of(listing.cared_for(request.user).get_or_refuse(key_id), timezone.now())
    return render(request, "apikeys/_state.html", {"row": row})


@require_POST
@signed_in
def reveal(request: PageRequest, key_id: UUID) -> HttpResponse:
    """Show the secret in this answer only. After too long a session the password is asked for first."""
    try:
        secret = services.reveal_api_key(
            actor=request.user, key_id=key_id, signed_in_at=signed_in_at(request), now=timezone.now()
        )
    except SignInTooOld:
        return ask_again(request, reverse("api_key", args=[key_id]))
    return detail_of(request, key_id, secret)


@require_http_methods(["GET", "POST"])
@signed_in
def revoke(request: PageRequest, key_id: UUID) -> HttpResponse:
    """Ask, then stop the key for good."""
    row = listing.row_of(listing.cared_for(request.user).get_or_refuse(key_id), timezone.now())
    if request.method != "POST":
        return render(request, "apikeys/revoke.html", {"row": row})
    services.revoke_api_key(actor=request.user, key_id=key_id, now=timezone.now())
    messages.success(request, _("The key “%(name)s” is revoked.") % {"name": row.key.name})
    return redirect("team_keys", row.key.team_id) if row.key.is_service else redirect("api_keys")
