"""Whom somebody may mean who types a part of a name: offered while they type, and where no name fits."""

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.web.pages import PageRequest, signed_in
from litemaas import errors

READ = "users:read"
_MOST = 8


def people_like(text: str, *, actor: User) -> list[User]:
    """Of those that `actor` sees, a few whose name or e-mail address holds `text`. Nobody where it is empty."""
    wanted = text.replace("\x00", "").strip()[:200]
    if not wanted:
        return []
    fits = Q(username__icontains=wanted) | Q(email__icontains=wanted) | Q(full_name__icontains=wanted)
    return list(User.objects.visible_to(actor).filter(fits).order_by("username")[:_MOST])


@require_GET
@signed_in
def suggest_people(request: PageRequest) -> HttpResponse:
    """The choices of the input field that asks: its own value is in `user`."""
    if not request.user.may(READ):
        raise errors.Forbidden(requiredPermission=READ)
    found = people_like(request.GET.get("user", ""), actor=request.user)
    return render(request, "account/_people.html", {"people": found})
