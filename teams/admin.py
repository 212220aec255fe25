"""Teams, members, invitations and groups for operators. What changes anything is a use case."""

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.admin import UserAdmin
from litemaas.administration import READ_BY_USER, Listed, ReadOnlyAdmin, ReadOnlyInline, act, may_act
from teams import roles, services
from teams.models import AllowedModel, Invitation, Member, Team, TeamGroup


class MemberInline(ReadOnlyInline):
    model = Member
    fields = ["user", "role", "source", "max_budget", "joined_at"]
    select_related = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Member]:
        return super().get_queryset(request).filter(removed_at__isnull=True)


class PlaceInline(ReadOnlyInline):
    """Somebody's teams, beside the person."""

    model = Member
    fk_name = "user"
    fields = ["team", "role", "source", "max_budget", "joined_at", "removed_at"]
    select_related = ("team",)
    ordering = ["-joined_at"]


UserAdmin.inlines.append(PlaceInline)


class AllowedModelInline(ReadOnlyInline):
    model = AllowedModel
    fields = ["model"]
    select_related = ("model",)


class TeamGroupInline(ReadOnlyInline):
    model = TeamGroup
    fields = ["group", "role"]


def _switch(team: Team, *, is_active: bool, **by: Any) -> Team:
    return services.change_team(team_id=team.pk, changes={"is_active": is_active}, **by)


def _give_role(row: Member, *, role: str, **by: Any) -> Member:
    return services.change_member(team_id=row.team_id, user_id=row.user_id, role=role, **by)


@admin.register(Team)
class TeamAdmin(ReadOnlyAdmin):
    named = (_("Team"), _("Teams"))
    list_display = ["name", "max_budget", "budget_window", "is_active", "deleted_at", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["name", "alias"]
    in_portal = ("team", "team_id")
    ordering = ["name"]
    inlines = [MemberInline, AllowedModelInline, TeamGroupInline]
    actions = ["activate", "deactivate", "delete_teams"]

    activate = act(_("Activate"), partial(_switch, is_active=True))
    deactivate = act(_("Deactivate"), partial(_switch, is_active=False), confirm=_("Deactivate team"))
    delete_teams = act(
        _("Delete, with a reason"),
        lambda team, **by: services.delete_team(team_id=team.pk, **by),
        confirm=_("Delete these teams"),
        reason=READ_BY_USER,
    )


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    named = (_("Member"), _("Members"))
    titled_by = ("team", "user")
    list_display = ["team", "user", "role", "source", "max_budget", "joined_at", "removed_at"]
    list_filter = ["role", "source"]
    search_fields = ["user__username", "user__email", "team__name"]
    list_select_related = ["team", "user"]
    ordering = ["-pk"]
    actions = ["make_admin", "make_member", "make_viewer", "remove"]

    make_admin = act(_("Make team administrator"), partial(_give_role, role=roles.ADMIN))
    make_member = act(_("Make member"), partial(_give_role, role=roles.MEMBER))
    make_viewer = act(_("Make viewer"), partial(_give_role, role=roles.VIEWER))
    remove = act(
        _("Remove from the team, with a reason"),
        lambda row, **by: services.remove_member(team_id=row.team_id, user_id=row.user_id, **by),
        confirm=_("Remove from the team"),
        reason=READ_BY_USER,
    )


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    named = (_("Invitation"), _("Invitations"))
    list_display = ["team", "email", "user", "role", "status", "mailed_at", "expires_at", "created_at"]
    list_filter = ["status"]
    search_fields = ["email", "user__username", "team__name"]
    list_select_related = ["team", "user"]
    ordering = ["-created_at"]
    actions = ["revoke"]

    revoke = act(
        _("Take back"),
        lambda row, **by: services.revoke_invitation(team_id=row.team_id, invitation_id=row.pk, **by),
    )

    def title_of(self, row: Invitation) -> str:
        return f"{row.team}: {row.email or row.user}"


@admin.register(AllowedModel)
class AllowedModelAdmin(ReadOnlyAdmin):
    named = (_("Allowed model"), _("Allowed models"))
    titled_by = ("team", "model_id")
    list_display = ["team", "model_id"]
    search_fields = ["team__name", "model__id"]
    search_help_text = _("A part of the team's name, or of the model's.")
    list_select_related = ["team"]
    ordering = ["-pk"]


@admin.register(TeamGroup)
class TeamGroupAdmin(Listed):
    """Which groups of the identity provider lead into which team: the one thing that is set here by hand, through its
    use case."""

    named = (_("Group of a team"), _("Groups of teams"))
    titled_by = ("team", "group")
    list_display = ["group", "team", "role"]
    list_filter = ["role"]
    search_fields = ["group", "team__name"]
    list_select_related = ["team"]
    autocomplete_fields = ["team"]
    # Deleting several at once would go past the use case.
    actions = None

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "team":
            kwargs["queryset"] = Team.objects.filter(deleted_at__isnull=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_act(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_act(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_act(request)

    def save_model(self, request: HttpRequest, obj: TeamGroup, form: Any, change: bool) -> None:
        if change and form.initial.get("team") not in (None, obj.team_id):
            old = Team.objects.get(pk=form.initial["team"])
            _set_groups(request, old, without=form.initial["group"])
        _set_groups(request, obj.team, without=form.initial.get("group"), group=obj.group, role=obj.role)
        # The row is new: what is shown next must lead to it.
        obj.pk = TeamGroup.objects.get(team=obj.team, group=obj.group.strip()).pk

    def delete_model(self, request: HttpRequest, obj: TeamGroup) -> None:
        _set_groups(request, obj.team, without=obj.group)


def _set_groups(
    request: HttpRequest, team: Team, *, without: str | None, group: str = "", role: str = ""
) -> None:
    present = dict(team.groups.values_list("group", "role"))
    present.pop(without or "", None)
    services.set_team_groups(
        actor=request.user,  # type: ignore[arg-type]
        team_id=team.pk,
        groups=present | ({group: role} if group else {}),
        now=timezone.now(),
    )
