"""The teams that somebody is in."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from accounts.web.pages import PageRequest, signed_in
from portal import people
from portal.web.people.person import person_for, shown
from teams.models import DEFAULT_TEAM_ID, Member


@require_GET
@signed_in
def teams(request: PageRequest, user_id: UUID) -> HttpResponse:
    person = person_for(request, user_id)
    words = dict(Member.Role.choices)
    rows = [
        {**place, "role": words.get(place["role"]), "is_default": place["id"] == DEFAULT_TEAM_ID}
        for place in people.places_of(person.pk)
    ]
    return shown(request, "teams", person, rows=rows)
