"""Whose rows a list shows: `userId` in the address."""

from uuid import UUID

from rest_framework.request import Request

from accounts.api.authentication import actor_of
from litemaas import errors
from litemaas.api import params


def whose(request: Request) -> UUID | None:
    """One's own; operators may name somebody, or `all` (None). Raises NotFound for everybody else's."""
    actor = actor_of(request)
    if request.query_params.get("userId") == "all" and actor.sees_everything:
        return None
    wanted = params.uuid_or_none(request, "userId") or actor.pk
    if wanted != actor.pk and not actor.sees_everything:
        raise errors.NotFound
    return wanted
