"""Whom changes that the gateway refuses are told: until somebody decides, access is not what the portal says."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from accounts.models import User
from litellm_sync.models import GatewayObject
from notifications.services import notify

QUEUE = "/operations/gateway/queue"


@transaction.atomic(durable=True)
def tell_of_refusals(*, now: datetime) -> bool:
    """Tell all operators of the last refusal, once for each hour in which something was refused. Whether there is one.

    A gateway that refuses thousands of changes is one problem, not thousands.
    """
    last = GatewayObject.objects.parked().order_by("-parked_at").first()
    if last is None or last.parked_at is None:
        return False
    notify(
        user_ids=User.objects.operators().values_list("pk", flat=True),
        kind="sync_problem",
        variant="danger",
        title=gettext_noop("The gateway refuses a change"),
        body=gettext_noop("%(finding)s"),
        parameters={"finding": last.last_error},
        link=QUEUE,
        once=f"refused:{last.parked_at:%Y-%m-%dT%H}",
        now=now,
    )
    return True
