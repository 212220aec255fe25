"""The two kinds of provider, as allauth's registry finds them."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider
from django.http import HttpRequest
from django.urls import reverse

from accounts.providers import adapters


@dataclass(frozen=True)
class Person:
    """What a provider says of somebody. `groups` is None when it says nothing of groups."""

    provider: str
    subject: str
    username: str
    email: str
    email_is_verified: bool
    full_name: str
    groups: tuple[str, ...] | None
    # By which names an operator may have listed the person in INITIAL_ADMINS.
    known_as: frozenset[str]
    # With which to ask the provider again; "" where it gave none.
    token: str = field(default="", repr=False)


class _Provider(OAuth2Provider):  # type: ignore[misc]
    account_class = ProviderAccount
    pkce_enabled_default = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.name = self.app.name

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        return reverse("provider_sign_in", kwargs={"provider_id": self.sub_id})

    def get_oauth2_adapter(self, request: HttpRequest) -> Any:
        return self.oauth2_adapter_class(request, self.sub_id)

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing is kept: names and groups change, and would be read as if they were true."""
        return {}

    def sociallogin_from_response(self, request: HttpRequest, response: Any) -> SocialLogin:
        login = super().sociallogin_from_response(request, response)
        login.person = self.person_of(response)
        return login

    def person_of(self, data: dict[str, Any]) -> Person:
        raise RuntimeError("Each kind of provider says this in its own way.")

    def groups_of(self, data: dict[str, Any]) -> tuple[str, ...] | None:
        """A list of names, or one name; a dotted claim goes into objects (`realm_access.roles`)."""
        found: Any = data
        claim: str = self.app.settings["groups_claim"]
        for part in [claim] if claim in data else claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, str):
            found = [found]
        if not isinstance(found, list):
            return None
        return tuple(str(group) for group in found if isinstance(group, str))


class OidcProvider(_Provider):
    id = "oidc"
    name = "OpenID Connect"
    oauth2_adapter_class: ClassVar[Any] = adapters.OidcAdapter

    def get_default_scope(self) -> list[str]:
        return ["openid", "profile", "email"]

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["sub"])

    def person_of(self, data: dict[str, Any]) -> Person:
        subject = self.extract_uid(data)
        email = str(data.get("email") or "").strip()
        trusted = bool(self.app.settings.get("verified_email"))
        verified = trusted or data.get("email_verified") in (True, "true")
        known_as = {f"{self.sub_id}:{subject}".lower()} | ({email.lower()} if email and verified else set())
        return Person(
            provider=self.sub_id,
            subject=subject,
            username=str(data.get("preferred_username") or ""),
            email=email,
            email_is_verified=verified,
            full_name=str(data.get("name") or ""),
            groups=self.groups_of(data),
            known_as=frozenset(known_as),
        )


class OpenShiftProvider(_Provider):
    """A cluster's users: no ID token, no e-mail address; the API says who the access token belongs to."""

    id = "openshift"
    name = "OpenShift"
    oauth2_adapter_class: ClassVar[Any] = adapters.OpenShiftAdapter

    def get_default_scope(self) -> list[str]:
        return ["user:info"]

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["metadata"]["uid"])

    def person_of(self, data: dict[str, Any]) -> Person:
        username = str(data["metadata"]["name"])
        return Person(
            provider=self.sub_id,
            subject=self.extract_uid(data),
            username=username,
            email="",
            email_is_verified=False,
            full_name=str(data.get("fullName") or ""),
            groups=self.groups_of(data) or (),
            # A cluster's user names are its own, nobody chooses theirs.
            known_as=frozenset({f"{self.sub_id}:{username}".lower()}),
        )


provider_classes = [OidcProvider, OpenShiftProvider]
