"""Teams, members, invitations and groups for operators. What changes anything is a use case."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.admin import UserAdmin
from litemaas.administration import Listed, ReadOnlyAdmin, ReadOnlyInline, ask_reason, may_act, run_each
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

    @admin.action(description=_("Activate"))
    def activate(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        run_each(request, queryset, lambda team: _switch(request, team, is_active=True))

    @admin.action(description=_("Deactivate"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[Team]) -> None:
        run_each(request, queryset, lambda team: _switch(request, team, is_active=False))

    @admin.action(description=_("Delete, with a reason"))
    def delete_teams(self, request: HttpRequest, queryset: QuerySet[Team]) -> HttpResponse | None:
        def use_case(team: Team, reason: str) -> Any:
            return services.delete_team(
                actor=request.user,  # type: ignore[arg-type]
                team_id=team.pk,
                reason=reason,
                now=timezone.now(),
            )

        return ask_reason(
            self, request, queryset, action="delete_teams", title=_("Delete these teams"), use_case=use_case
        )


def _switch(request: HttpRequest, team: Team, *, is_active: bool) -> Team:
    return services.change_team(
        actor=request.user,  # type: ignore[arg-type]
        team_id=team.pk,
        changes={"is_active": is_active},
        now=timezone.now(),
    )


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    named = (_("Member"), _("Members"))
    list_display = ["team", "user", "role", "source", "max_budget", "joined_at", "removed_at"]
    list_filter = ["role", "source"]
    search_fields = ["user__username", "user__email", "team__name"]
    list_select_related = ["team", "user"]
    ordering = ["-pk"]
    actions = ["make_admin", "make_member", "make_viewer", "remove"]

    @admin.action(description=_("Make team administrator"))
    def make_admin(self, request: HttpRequest, queryset: QuerySet[Member]) -> None:
        run_each(request, queryset, lambda row: _give_role(request, row, roles.ADMIN))

    @admin.action(description=_("Make member"))
    def make_member(self, request: HttpRequest, queryset: QuerySet[Member]) -> None:
        run_each(request, queryset, lambda row: _give_role(request, row, roles.MEMBER))

    @admin.action(description=_("Make viewer"))
    def make_viewer(self, request: HttpRequest, queryset: QuerySet[Member]) -> None:
        run_each(request, queryset, lambda row: _give_role(request, row, roles.VIEWER))

    @admin.action(description=_("Remove from the team, with a reason"))
    def remove(self, request: HttpRequest, queryset: QuerySet[Member]) -> HttpResponse | None:
        def use_case(row: Member, reason: str) -> Any:
            return services.remove_member(
                actor=request.user,  # type: ignore[arg-type]
                team_id=row.team_id,
                user_id=row.user_id,
                reason=reason,
                now=timezone.now(),
            )

        return ask_reason(
            self, request, queryset, action="remove", title=_("Remove from the team"), use_case=use_case
        )


def _give_role(request: HttpRequest, row: Member, role: str) -> Member:
    return services.change_member(
        actor=request.user,  # type: ignore[arg-type]
        team_id=row.team_id,
        user_id=row.user_id,
        role=role,
        now=timezone.now(),
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

    @admin.action(description=_("Take back"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        run_each(
            request,
            queryset,
            lambda row: services.revoke_invitation(
                actor=request.user,  # type: ignore[arg-type]
                team_id=row.team_id,
                invitation_id=row.pk,
                now=timezone.now(),
            ),
        )


@admin.register(AllowedModel)
class AllowedModelAdmin(ReadOnlyAdmin):
    named = (_("Allowed model"), _("Allowed models"))
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
