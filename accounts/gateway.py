"""What LiteLLM should know of a user: the portal's id and name, and the limits over all keys without a team.

The portal's administrators are ordinary users there. Rights over the gateway come from the portal's own credential;
an administrator's model key that also administered the gateway would be worth stealing. The portal's roles stand in
`metadata`, where they give nothing. The e-mail address stays here: LiteLLM wants it unique and has no use for it.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.models import User
from litellm_sync import windows
from litellm_sync.client import GatewayClient


def desired_user(user: User) -> dict[str, Any]:
    """The body for /user/new and /user/update. The id is the portal's, so a repeated creation finds itself."""
    return {
        "user_id": str(user.pk),
        "user_alias": user.username,
        "user_role": "internal_user",
        "max_budget": user.max_budget,
        "budget_duration": windows.at_gateway(user.budget_window),
        "tpm_limit": user.tpm_limit,
        "rpm_limit": user.rpm_limit,
        "metadata": {"portal": "litemaas", "roles": sorted(user.roles)},
    }


def differs_at_gateway(name: str, value: Any, present: dict[str, Any]) -> bool:
    """Whether a field of the desired body is not what the gateway's row says."""
    there = present.get(name)
    if name == "budget_duration" and value is None and present.get("max_budget") is None:
        # 1.80 keeps the window when it is told to clear it; without a budget it means nothing.
        return False
    if isinstance(value, Decimal):
        return there is None or Decimal(str(there)) != value
    return bool(there != value)


def apply_user(user_id: UUID, client: GatewayClient) -> None:
    """Make the gateway's user row match. `/user/update` upserts, but `/user/new` also takes care of defaults."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return
    body = desired_user(user)
    present = client.get_user(str(user_id))
    if present is None:
        client.create_user(**{name: value for name, value in body.items() if value is not None})
    elif any(differs_at_gateway(name, value, present) for name, value in body.items()):
        client.update_user(**body)
