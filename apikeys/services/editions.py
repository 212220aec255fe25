"""What only some editions of the gateway enforce."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apikeys.errors import NotSupportedByGateway
from apikeys.terms import WIRE

# Without a licence LiteLLM refuses the first, and every call of a key with the second.
_ENTERPRISE = ("model_max_budget", "guardrails")


def require_edition(values: Mapping[str, Any]) -> None:
    """Raises NotSupportedByGateway, naming the fields, where the connected gateway would not enforce them.

    Asks the gateway (its answer is remembered for minutes) only when such a field is used: before any transaction.
    """
    asked = [field for field in _ENTERPRISE if values.get(field)]
    if not asked:
        return
    from litellm_sync.client import gateway

    if not gateway().is_enterprise():
        text = _(
            "The connected gateway has no enterprise licence, which it needs to enforce this. Leave it out."
        )
        raise NotSupportedByGateway(fields={WIRE[field]: text for field in asked})
