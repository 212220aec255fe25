"""Teams and their members. No use case changes them yet, so operators do it here."""

from typing import Any

from django.contrib import admin

from litemaas.administration import BriefPaginator
from teams.models import Member, Team


class MemberInline(admin.TabularInline[Any, Any]):
    model = Member
    extra = 0
    autocomplete_fields = ["user"]


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin[Any]):
    list_display = ["name", "max_budget", "is_active", "created_at"]
    list_filter = ["is_active"]
    search_fields = ["name"]
    inlines = [MemberInline]
    show_full_result_count = False
    paginator = BriefPaginator
    # Keys and usage point at a team for ever: it is switched off, not deleted.
    actions = None

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin[Any]):
    list_display = ["team", "user", "role", "joined_at"]
    list_filter = ["role"]
    search_fields = ["user__username", "team__name"]
    list_select_related = ["team", "user"]
    autocomplete_fields = ["team", "user"]
    show_full_result_count = False
    paginator = BriefPaginator
