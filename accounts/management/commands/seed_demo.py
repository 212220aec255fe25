"""`manage.py seed_demo`: the demo's accounts. Only for the embedded default, never for a real installation."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import SYSTEM, Role, User
from accounts.services import register_user
from litemaas import env

DEMO_USERS = {
    "admin": ("Ada Admin", [Role.ADMIN, Role.USER]),
    "auditor": ("Otto Auditor", [Role.ADMIN_READONLY, Role.USER]),
    "user": ("Uma User", [Role.USER]),
}


class Command(BaseCommand):
    help = "Make the demo users admin, auditor and user with the password from DEMO_PASSWORD."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION or not settings.DEMO:
            raise CommandError(
                "Demo users are for the embedded default only: ENVIRONMENT=development and DEMO=true."
            )
        password = env.optional("DEMO_PASSWORD")
        if not password:
            raise CommandError("DEMO_PASSWORD is not set.")
        for username, (full_name, roles) in DEMO_USERS.items():
            self.stdout.write(f"{username}: {_ensure(username, full_name, roles, password)}")


def _ensure(username: str, full_name: str, roles: list[Role], password: str) -> str:
    """Make the account, or give the one that is there today's password; says which."""
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        register_user(
            actor=SYSTEM,
            username=username,
            email=f"{username}@demo.example",
            full_name=full_name,
            roles=[role.value for role in roles],
            password=password,
            now=timezone.now(),
        )
        return "made"
    if user.check_password(password):
        return "is there"
    user.set_password(password)
    user.save(update_fields=["password", "updated_at"])
    return "is there, with a new password"
