"""Usage of keys that the portal does not know: a list of it, and the form that books it on a key."""

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.web.pages import PageRequest, signed_in
from apikeys.models import ApiKey
from litemaas import errors
from litemaas.web.paging import USUAL_SIZES, page_of
from usage.attribution import count_unattributed, reattribute_usage, unattributed, unattributed_of

_MOST_KEYS = 20
_LONGEST = 128


@require_GET
@signed_in
def unattributed_usage(request: PageRequest) -> HttpResponseBase:
    """For people who are no operators the page does not exist."""
    _require_operator(request)
    page: Any = page_of(range(count_unattributed()), request.GET)
    rows = unattributed(
        first=page.start_index() - 1 if page.paginator.count else 0, count=page.paginator.per_page
    )
    return render(
        request,
        "usage/unattributed.html",
        {"page": page, "rows": rows, "may_write": _may_write(request), "sizes": USUAL_SIZES},
    )


class SearchForm(forms.Form):
    search = forms.CharField(label=_("Name of the key, or of its owner"), required=False, max_length=150)


class AttributeForm(forms.Form):
    """The key, among those that a search finds."""

    apiKeyId = forms.ChoiceField(label=_("API key"), widget=forms.RadioSelect)

    def __init__(self, data: Any, keys: list[ApiKey]) -> None:
        super().__init__(data)
        field = self.fields["apiKeyId"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  for the type checker
        field.choices = [(str(key.pk), f"{key.name} ({_holder(key)})") for key in keys]


def _holder(key: Any) -> str:
    """Who pays for it: its owner, or the team of a service key."""
    holder = key.owner.username if key.owner else key.team and key.team.name
    return holder or "–"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def attribute_usage(request: PageRequest) -> HttpResponseBase:
    _require_operator(request)
    if request.method == "POST" and not _may_write(request):
        raise errors.Forbidden(requiredPermission="admin:usage:write")
    token_hash = request.GET.get("key", "")[:_LONGEST].replace("\x00", "")
    found = unattributed_of(token_hash) if token_hash else None
    text = request.GET.get("search", found.alias if found else "").strip().replace("\x00", "")[:150]
    keys = _keys(request, text)
    form = AttributeForm(request.POST if request.method == "POST" else None, keys)
    if request.method == "POST" and found is None:
        raise errors.NotFound(gettext("No usage of this key is waiting to be attributed."))
    if request.method == "POST" and form.is_valid():
        key_id = form.cleaned_data["apiKeyId"]
        moved = reattribute_usage(
            actor=request.user, token_hash=token_hash, key_id=key_id, now=timezone.now()
        )
        messages.success(
            request, ngettext("%(n)s call was booked.", "%(n)s calls were booked.", moved) % {"n": moved}
        )
        return redirect("unattributed_usage")
    values = {
        "found": found,
        "form": form,
        "search": text,
        "searching": SearchForm({"search": text}),
        "keys": keys,
        "may_write": _may_write(request),
    }
    return render(request, "usage/attribute.html", values)


def _keys(request: PageRequest, text: str) -> list[ApiKey]:
    if not text:
        return []
    fits = Q(name__icontains=text) | Q(alias__icontains=text) | Q(owner__username__icontains=text)
    rows = ApiKey.objects.visible_to(request.user).filter(fits).select_related("owner", "team")
    return list(rows.order_by("name", "pk")[:_MOST_KEYS])


def _require_operator(request: PageRequest) -> None:
    if not request.user.may("admin:usage"):
        raise errors.NotFound


def _may_write(request: PageRequest) -> bool:
    return request.user.may("admin:usage:write")
