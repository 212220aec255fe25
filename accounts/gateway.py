"""What LiteLLM should know of a user: the portal's id, name and e-mail address. Budgets and keys are separate."""

from typing import Any
from uuid import UUID

from accounts.models import User
from litellm_sync.client import GatewayClient


def desired_user(user: User) -> dict[str, Any]:
    """The body for /user/new and /user/update. The id is the portal's, so a repeated creation finds itself."""
    return {
        "user_id": str(user.pk),
        "user_alias": user.username,
        "user_role": "internal_user",
        "metadata": {"portal": "litemaas"},
    }


def apply_user(user_id: UUID, client: GatewayClient) -> None:
    """Make the gateway's user row match. `/user/update` upserts, but `/user/new` also takes care of defaults."""
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return
    body = desired_user(user)
    present = client.get_user(str(user_id))
    if present is None:
        client.create_user(**body)
    elif any(present.get(field) != value for field, value in body.items()):
        client.update_user(**body)
