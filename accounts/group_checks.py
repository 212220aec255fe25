"""Groups that are gone at the provider take their rights along while people are still signed in.

Each identity that came with groups is asked about again every GROUPS_RECHECK, also while nobody is signed in: keys act
with the rights of their owners. Where the provider says which groups there are, all follow. One that refuses has ended
the person's session there, and roles that groups gave rest until the next sign-in; one that does not answer, or gave us
nothing to ask with, is believed for GROUPS_MAX_AGE.
"""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from accounts.credentials import ProviderGrant
from accounts.identity import grant_binding, hear_groups, withdraw_group_roles
from accounts.models import User
from accounts.providers.asking import ask_again
from accounts.providers.errors import NotBelieved, ProviderAway
from litemaas import crypto

log = structlog.get_logger(__name__)
_AT_ONCE = 20
# A run ends before the next one begins; whoever is left is first then.
_MOST_PER_RUN = 400
# A provider that hangs must not hold the queue for all: that many in a row, and the run ends.
_MOST_AWAY = 3


def check_due(*, now: datetime) -> int:
    """Ask about everybody whose turn it is. Several may run at once: each identity is claimed by one."""
    asked = away = 0
    while asked < _MOST_PER_RUN and away < _MOST_AWAY and (batch := _claim(now)):
        for grant in batch:
            asked += 1
            away = 0 if _check(grant, now) else away + 1
            if away >= _MOST_AWAY:
                break
    return asked


@transaction.atomic(durable=True)
def _claim(now: datetime) -> list[ProviderGrant]:
    """The next ones, moved on in the queue before anybody is called."""
    rows = ProviderGrant.objects.select_for_update(skip_locked=True, of=("self",)).filter(due_at__lte=now)
    found = list(rows.select_related("account").order_by("due_at")[:_AT_ONCE])
    for grant in found:
        latest = grant.confirmed_at + settings.GROUPS_MAX_AGE
        grant.due_at = max(min(now + settings.GROUPS_RECHECK, latest), now + timedelta(minutes=1))
    ProviderGrant.objects.bulk_update(found, ["due_at"])
    return found


def _check(grant: ProviderGrant, now: datetime) -> bool:
    """False when the provider does not answer."""
    account = grant.account
    sealed = grant.sealed_token
    try:
        if sealed is None:
            raise ProviderAway
        token = crypto.open_sealed(bytes(sealed), bound_to=grant_binding(account.pk))
        person = ask_again(account.provider, account.uid, token)
    except ProviderAway:
        if now - grant.confirmed_at >= settings.GROUPS_MAX_AGE:
            _take_away(grant, now, "The provider could not be asked for too long.")
        return sealed is None
    except NotBelieved as error:
        _take_away(grant, now, str(error))
        return True
    with transaction.atomic(durable=True):
        user = User.objects.select_for_update(no_key=True).get(pk=account.user_id)
        if ProviderGrant.objects.filter(pk=grant.pk, sealed_token=sealed).exists():
            hear_groups(user, account, person, now=now)
    return True


@transaction.atomic(durable=True)
def _take_away(grant: ProviderGrant, now: datetime, reason: str) -> None:
    """Unless the person signed in meanwhile."""
    user = User.objects.select_for_update(no_key=True).get(pk=grant.account.user_id)
    same = ProviderGrant.objects.filter(pk=grant.pk, confirmed_at=grant.confirmed_at)
    if same.delete()[0]:
        log.warning("the roles of groups are taken away", user=str(user.pk), reason=reason)
        withdraw_group_roles(user, now=now)
