"""What somebody did, and what was done to them and to what is theirs."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.views.decorators.http import require_GET

from accounts.audit.queries import MOST_ABOUT
from accounts.web import audit_list
from accounts.web.audit_rows import EventsAbout
from accounts.web.pages import PageRequest, require, signed_in
from apikeys.models import ApiKey
from portal.web.people.person import person_for, shown
from subscriptions.models import Subscription


@require_GET
@signed_in
def activity(request: PageRequest, user_id: UUID) -> HttpResponseBase:
    require(request, audit_list.READ)
    person, table = person_for(request, user_id), audit_list.TABLE.shown_to(request)
    events = EventsAbout(person.pk, _things_of(person.pk))
    if table.wants_file:
        return table.file(events[0:MOST_ABOUT])
    return shown(
        request,
        "activity",
        person,
        table=table,
        page=audit_list.page_of_events(events, request.GET),
        column_count=len(table.columns) + 1,
        may_redact=request.user.may(audit_list.REDACT),
    )


def _things_of(user_id: Any) -> dict[str, list[str]]:
    """What belongs to somebody, by the type under which the record knows it. Deleted keys, too."""
    keys = ApiKey.objects.filter(owner_id=user_id).values_list("pk", flat=True)
    subscriptions = Subscription.objects.filter(user_id=user_id).values_list("pk", flat=True)
    return {"API_KEY": [str(pk) for pk in keys], "SUBSCRIPTION": [str(pk) for pk in subscriptions]}
