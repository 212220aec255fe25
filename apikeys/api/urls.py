"""Routes of API keys, below /api/v1."""

from apikeys.api import admin, limits, policy, teams, views
from litemaas.api.routes import route

_ONE = "api-keys/<uuid:key_id>"
_USERS = "admin/users/<uuid:user_id>/api-keys"
_TEAMS = "teams/<uuid:team_id>/api-keys"

urlpatterns = [
    route("api-keys", views.ApiKeysView.as_view(), "api-keys"),
    route("api-keys/stats", views.StatsView.as_view(), "api-key-stats"),
    route("api-keys/validate", views.ValidateView.as_view(), "api-key-validate"),
    route("api-keys/admin/all", admin.AllKeysView.as_view(), "api-keys-all"),
    route("api-keys/admin/cleanup-expired", admin.CleanUpView.as_view(), "api-keys-clean-up"),
    route(_ONE, views.ApiKeyView.as_view(), "api-key"),
    route(f"{_ONE}/revoke", views.RevokeView.as_view(), "api-key-revoke"),
    route(f"{_ONE}/rotate", views.RotateView.as_view(), "api-key-rotate"),
    route(f"{_ONE}/retire-former", views.RetireView.as_view(), "api-key-retire-former"),
    route(f"{_ONE}/reset-spend", views.ResetSpendView.as_view(), "api-key-reset-spend"),
    route(f"{_ONE}/limits", limits.KeyLimitsView.as_view(), "api-key-limits"),
    route(f"{_ONE}/reveal", views.RevealView.as_view(), "api-key-reveal"),
    route(f"{_ONE}/retrieve-key", views.RevealView.as_view(), "api-key-retrieve"),
    route("users/me/limits", limits.MyLimitsView.as_view(), "my-limits"),
    route("admin/api-keys", admin.NamesView.as_view(), "admin-api-keys"),
    route(_USERS, admin.UserKeysView.as_view(), "admin-user-api-keys"),
    route(f"{_USERS}/<uuid:key_id>", admin.UserKeyView.as_view(), "admin-user-api-key"),
    route(
        f"{_USERS}/<uuid:key_id>/reset-spend", admin.UserKeyResetView.as_view(), "admin-user-api-key-reset"
    ),
    route(_TEAMS, teams.TeamKeysView.as_view(), "team-api-keys"),
    route(f"{_TEAMS}/<uuid:key_id>", teams.TeamKeyView.as_view(), "team-api-key"),
    route(f"{_TEAMS}/<uuid:key_id>/rotate", teams.TeamKeyRotateView.as_view(), "team-api-key-rotate"),
    route("config/api-key-defaults", policy.ConfigView.as_view(), "config-api-key-defaults"),
    route("admin/settings/api-key-defaults", policy.SettingsView.as_view(), "admin-api-key-defaults"),
]
