"""Who is calling, and may that key use this route."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from litellm_sync.simulated.clock import parse
from litellm_sync.simulated.http import Refusal, Request, refuse, refuse_in_detail, refuse_wrapped
from litellm_sync.simulated.shapes import Json

if TYPE_CHECKING:
    from litellm_sync.simulated.state import State

# Who may use a route: anybody, any key that may call models, any key (the handler narrows it),
# administrators.
Audience = Literal["public", "llm", "self", "admin"]

_ADMIN_ROLES = {"proxy_admin", "proxy_admin_viewer"}
_MANAGEMENT = (
    "/key/",
    "/user/",
    "/team/",
    "/v2/user/",
    "/v2/team/",
    "/model/",
    "/v1/model/",
    "/v2/model/",
    "/spend/logs",
)
_INFO = (
    "/key/info",
    "/user/info",
    "/team/info",
    "/model/info",
    "/v1/model/info",
    "/v2/model/info",
    "/v1/models",
    "/models",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The key that a request came with. `key` is None for the master key."""

    key: Json | None
    role: str
    user_id: str | None

    @property
    def is_admin(self) -> bool:
        return self.role in _ADMIN_ROLES

    @property
    def token(self) -> str:
        return "litellm_proxy_master_key" if self.key is None else str(self.key["token"])


NOBODY = Caller(None, "", None)


def token_of(secret_or_hash: str) -> str:
    """A key's identity: the hash of its secret. All routes take either."""
    if secret_or_hash.startswith("sk-"):
        return hashlib.sha256(secret_or_hash.encode()).hexdigest()
    return secret_or_hash


def secret_of(request: Request) -> str | None:
    headers = request.headers
    bearer = headers.get("authorization", "")
    if bearer[:7].lower() == "bearer ":
        return bearer[7:].strip()
    return headers.get("x-api-key") or headers.get("api-key") or bearer or None


def identify(state: "State", request: Request) -> Caller:
    """Raises Refusal 401 (400 before 1.91) for a key that is unknown, blocked or expired."""
    secret = secret_of(request)
    if not secret:
        raise refuse(401, "Authentication Error, No api key passed in.", "auth_error")
    if hmac.compare_digest(secret.encode(), state.master_key.encode()) and not request.refuses_master_key:
        return Caller(None, "proxy_admin", "default_user_id")
    key = state.keys.get(token_of(secret))
    if key is None:
        raise _unknown_key(state, secret)
    _check_live(state, key)
    user = state.users.get(key["user_id"] or "")
    return Caller(key, (user or {}).get("user_role") or "unknown", key["user_id"])


def check_route(caller: Caller, audience: Audience, path: str) -> None:
    """Raises Refusal when the key's kind or its user's role does not reach this route."""
    if caller.key is not None and caller.key["allowed_routes"]:
        allowed = caller.key["allowed_routes"]
        if not any(_reaches(entry, audience, path) for entry in allowed):
            text = f"Only allowed to call routes: {allowed}. Tried to call route: {path}"
            raise refuse_in_detail(403, f"Virtual key is not allowed to call this route. {text}")
    if audience == "admin" and not caller.is_admin:
        raise not_an_admin(caller, path)


def not_an_admin(caller: Caller, path: str) -> Refusal:
    text = "Only proxy admin can be used to generate, delete, update info for new keys/users/teams."
    where = f"Route={path}. Your role={caller.role}. Your user_id={_masked(caller.user_id)}"
    return refuse(401, f"Authentication Error, {text} {where}", "auth_error")


def _reaches(entry: str, audience: Audience, path: str) -> bool:
    if entry == "llm_api_routes":
        return audience == "llm"
    if entry == "management_routes":
        return path.startswith(_MANAGEMENT) or path.endswith("/daily/activity")
    if entry == "info_routes":
        return path in _INFO
    return path == entry or (entry.endswith("*") and path.startswith(entry[:-1]))


def _check_live(state: "State", key: Json) -> None:
    if key["blocked"]:
        message = "Key is blocked. Update via `/key/unblock` if you're an admin."
        raise refuse(401, f"Authentication Error, {message}", "auth_error")
    now = state.clock.now()
    if key["expires"] and parse(key["expires"]) <= now:
        raise _expired(state, key, now)
    team = state.teams.get(key["team_id"] or "")
    if key["team_id"] and team is None:
        message = f"Team doesn't exist in db. Team={key['team_id']}. Create team via `/team/new` call."
        raise refuse_wrapped(404, message, "auth_error")
    if team is not None and team["blocked"]:
        message = f"Team={key['team_id']} is blocked. Update via `/team/unblock` if you're an admin."
        raise refuse(401, f"Authentication Error, {message}", "auth_error")


def _expired(state: "State", key: Json, now: datetime) -> Refusal:
    expiry = parse(key["expires"]).astimezone(UTC)
    text = f"Expired Key. Key Expiry time {expiry} and current time {now}"
    message = f"Authentication Error - {text}"
    return refuse(state.version.expired_status, message, "expired_key", key["key_name"])


def _unknown_key(state: "State", secret: str) -> Refusal:
    message = "Invalid API key provided."
    if state.version.number < (1, 91):
        masked = f"Received API Key = sk-...{secret[-4:]}, Key Hash (Token) ={token_of(secret)}"
        where = "Unable to find token in cache or `LiteLLM_VerificationTokenTable`"
        message = f"Invalid proxy server token passed. {masked}. {where}"
    return refuse(401, f"Authentication Error, {message}", "token_not_found_in_db", "key")


def _masked(user_id: str | None) -> str:
    return f"{(user_id or '')[:6]}********"
