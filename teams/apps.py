from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.db.models.signals import post_migrate


class TeamsConfig(AppConfig):
    name = "teams"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.audit.naming import name_with
        from accounts.services import groups_changed
        from accounts.web.settings import tell_teams_with
        from litellm_sync import registry
        from litemaas.crypto import columns
        from teams import gateway, mirror
        from teams.listing import own_teams
        from teams.models import Invitation, Team
        from teams.services import set_group_memberships

        name_with("TEAM", Team, "name")
        registry.register("team", gateway.apply_team)
        registry.register("member", gateway.apply_member)
        registry.reconcile("team", mirror.TEAMS)
        registry.reconcile("member", mirror.MEMBERS)
        tell_teams_with(own_teams)
        groups_changed.register(set_group_memberships)
        columns.register(columns.SealedColumn(Invitation, "sealed_token", lambda row: f"invitation:{row.pk}"))
        post_migrate.connect(make_default_team, sender=self)


def make_default_team(sender: AppConfig, using: str, apps: Any = installed_apps, **_kwargs: Any) -> None:
    """The team that everybody is in, once. What an administrator changed of it stays.

    After each migration rather than in one: a flushed database has to have it, too. A flush names no `apps`.
    """
    from teams.models import DEFAULT_TEAM_ID

    team = apps.get_model("teams", "Team")
    name = "Everybody"
    if not team.objects.using(using).filter(pk=DEFAULT_TEAM_ID).exists():
        row = team(pk=DEFAULT_TEAM_ID, name=name, description="Everybody who has an account is in it.")
        team.objects.using(using).bulk_create([row], ignore_conflicts=True)
