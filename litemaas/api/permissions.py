"""Deny by default: a view says which permission each method needs, and a view that says nothing lets nobody in."""

from typing import Any, ClassVar, Protocol

from django.contrib.auth.models import AnonymousUser
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from litemaas import errors

ANYBODY = "*"
SIGNED_IN = "signed-in"


class Declares(Protocol):
    """A view with `permissions_needed`: method (or "*") → permission code, ANYBODY or SIGNED_IN."""

    permissions_needed: ClassVar[dict[str, str]]


def permission_for(view: Any, method: str) -> str | None:
    needed: dict[str, str] = getattr(view, "permissions_needed", {})
    if method == "OPTIONS":
        return ANYBODY
    if method == "HEAD":
        method = "GET"
    return needed.get(method, needed.get("*"))


class DeclaredPermission(BasePermission):
    """Checks what the view declares against the rights that the user has in the database now."""

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = permission_for(view, request.method or "GET")
        if needed is None and request.method and not hasattr(view, request.method.lower()):
            raise MethodNotAllowed(request.method)
        if needed == ANYBODY:
            return True
        if isinstance(request.user, AnonymousUser) or not request.user.is_authenticated:
            return False
        if needed == SIGNED_IN:
            return True
        if needed is None or not request.user.may(needed):
            raise errors.Forbidden(requiredPermission=needed)
        return True
