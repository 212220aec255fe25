"""Pages of one's own API keys. A secret is in an answer to a POST only, and that is never stored."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts import options
from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from apikeys import policies, services
from apikeys.key_policy import key_policy
from apikeys.models import ApiKey
from apikeys.web import history, limits, listing
from apikeys.web.closed import why_closed
from apikeys.web.forms import KeyForm, is_waiting, subscribed_models, teams_with_keys
from apikeys.web.key_filter import KeyFilter
from apikeys.web.use import use_of
from catalog.models import Model
from catalog.web.filters import snippet_kind
from litemaas import errors
from litemaas.web.forms import show_refusal
from litemaas.web.paging import page_of

# How long a revealed secret stays on the page.
SECONDS_SHOWN = 60
# Programs that used a key within this time will probably use it again.
JUST_USED = timedelta(hours=24)


@require_GET
@signed_in
def api_keys(request: PageRequest) -> HttpResponseBase:
    user, now = request.user, timezone.now()
    own, table = listing.own(user), listing.OWN_KEYS.shown_to(request)
    chosen = KeyFilter(request.GET, models=listing.used_models(own), teams=listing.used_teams(user))
    found = table.sorted(listing.filtered(own, chosen, now))
    if table.wants_file:
        return table.file(found, of=lambda keys: listing.rows_of(keys, now))
    page = page_of(found, request.GET)
    rows = listing.rows_of(page, now)
    page_values = {
        "filter": chosen,
        "table": table,
        "page": page,
        "rows": rows,
        "live": ApiKey.objects.filter(owner=user).live(now).count(),
        "allowed": options.value("maxActiveKeysPerUser"),
        "may_issue": policies.may_issue(user),
        "has_any": bool(rows) or own.exists(),
        "has_models": bool(rows) or bool(subscribed_models(user)),
    }
    page_values["waits"] = not page_values["has_models"] and is_waiting(user)
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
    values = {"form": form, "models": models, "waits": not models and is_waiting(request.user)}
    return render(request, "apikeys/new.html", values)


def _issue(request: PageRequest, form: KeyForm) -> services.IssuedKey | None:
    now = timezone.now()
    try:
        return services.issue_api_key(actor=request.user, now=now, **form.arguments(now))
    except errors.DomainError as error:
        show_refusal(form, error)
        return None


def created(request: PageRequest, issued: services.IssuedKey) -> HttpResponse:
    """The only page that shows a new secret."""
    now = timezone.now()
    found = listing.cared_for(request.user).select_related("team", "owner")
    key = found.prefetch_related("secrets", listing.WITH_MODELS).get(pk=issued.key.pk)
    values = {
        "row": listing.row_of(key, now),
        "secret": issued.secret,
        "is_shown_once": is_shown_once(),
        **_sample(request, key),
    }
    return render(request, "apikeys/created.html", values)


def is_shown_once() -> bool:
    """Secrets are not kept once the gateway has them."""
    return bool(options.value("keyRevealMode") == "once")


def _sample(request: PageRequest, key: ApiKey) -> dict[str, Any]:
    """The models with examples, the one that is shown (`?model=`, else the first) and how it is called."""
    links = sorted(key.model_links.all(), key=lambda link: (not vars(link)["opens"], link.model_id))
    models = [link.model for link in links if snippet_kind(link.model)]
    if not models:
        return {}
    asked = request.GET.get("model")
    sample = next((model for model in models if model.pk == asked), models[0])
    return {"samples": models, "sample": sample, "sample_kind": snippet_kind(sample)}


@require_GET
@signed_in
def api_key(request: PageRequest, key_id: UUID) -> HttpResponse:
    return detail_of(request, key_id, "")


def detail_of(request: PageRequest, key_id: UUID, secret: str, *, is_new: bool = False) -> HttpResponse:
    """The page of a key; `secret` is shown in this answer only, `is_new` says that a rotation just made it."""
    now, reader = timezone.now(), request.user
    found = listing.cared_for(reader).select_related("owner", "team")
    key = found.prefetch_related("secrets", listing.WITH_MODELS).get_or_refuse(key_id)
    sample = _sample(request, key)
    row = listing.row_of(key, now)
    values = {
        "row": row,
        "closed": why_closed(key, row.closed) if row.state.is_live else [],
        "secret": secret,
        "is_new": is_new,
        "hide_after": 0 if is_new else SECONDS_SHOWN,
        "is_kept": key.current_secret.sealed is not None,
        "former": next((row for row in key.secrets.all() if row.is_former), None),
        "limits": limits.of_key(key, reader, now=now),
        "use": use_of(key, reader),
        "addresses": _addresses(key),
        "history": history.history_of(key),
        "may_change": policies.may_change(reader, key),
        "may_reveal": policies.may_reveal(reader, key),
        "may_reset": may_reset(reader, key),
    }
    return render(request, "apikeys/detail.html", {**values, **sample})


def _addresses(key: ApiKey) -> list[tuple[str, str, str]]:
    """Where the key is used: a word fit for an id, what for, and the gateway's address for that."""
    base, kinds = settings.LITELLM_PUBLIC_URL, {link.model.model_type for link in key.model_links.all()}
    found = []
    if kinds - {Model.Type.CONVERT} or not kinds:
        found.append(("address-openai", _("For programs that speak OpenAI’s API"), f"{base}/v1"))
    if Model.Type.CONVERT in kinds:
        found.append(("address-convert", _("Document conversion"), f"{base}/docling/v1/convert/source"))
    return found


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


@require_http_methods(["GET", "POST"])
@signed_in
def revoke(request: PageRequest, key_id: UUID) -> HttpResponse:
    """Ask, then stop the key for good: one's own, or any of a team that one looks after."""
    now = timezone.now()
    row = listing.row_of(listing.stoppable(request.user).get_or_refuse(key_id), now)
    back = listing.page_of_list(row.key, request.user)
    if request.method != "POST":
        used = row.key.last_used_at
        was_just_used = used is not None and now - used < JUST_USED
        is_cared_for = row.key.is_service or row.key.owner_id == request.user.pk
        may_rotate = (
            is_cared_for and row.state.word != "rotating" and policies.may_change(request.user, row.key)
        )
        values = {"row": row, "back": back, "was_just_used": was_just_used, "may_rotate": may_rotate}
        return render(request, "apikeys/revoke.html", values)
    services.revoke_api_key(actor=request.user, key_id=key_id, now=now)
    messages.success(request, _("The key “%(name)s” is revoked.") % {"name": row.key.name})
    return redirect(back)
