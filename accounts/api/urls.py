"""Routes of sign-in and account. The old front end expects some of them outside of /api/v1."""

from django.urls import path

from accounts.api import audit, development, people, rbac, sessions, sign_in, tokens, views
from accounts.api import automation as automation_keys
from litemaas.api.routes import route

_rbac = (
    ("rbac/roles", rbac.RolesView, "roles"),
    ("rbac/permissions", rbac.PermissionsView, "permissions"),
    ("rbac/permissions/me", rbac.MyPermissionsView, "my-permissions"),
    ("rbac/permissions/check", rbac.CheckView, "check-permission"),
    ("rbac/permissions/check-bulk", rbac.CheckManyView, "check-permissions"),
)

# Below /api
outside = [
    route("auth/login", sign_in.LoginView.as_view(), "api-login"),
    path("auth/callback", sign_in.callback, name="api-callback"),
    path("auth/callback/<str:provider_id>", sign_in.callback, name="api-callback-of"),
    path("auth/handover", sign_in.hand_over, name="api-handover"),
    route("auth/token", tokens.TokenView.as_view(), "api-token"),
    route("auth/token/rotate", sessions.RotateView.as_view(), "api-token-rotate"),
    route("auth/token/blacklist", sessions.BlacklistView.as_view(), "api-token-blacklist"),
    route("auth/refresh", tokens.RefreshView.as_view(), "api-refresh"),
    route("auth/logout", tokens.LogoutView.as_view(), "api-logout"),
    route("auth/validate", tokens.ValidateView.as_view(), "api-validate"),
    route("auth/sessions", sessions.SessionsView.as_view(), "api-sessions"),
    route("auth/sessions/<str:session_id>", sessions.SessionView.as_view(), "api-session"),
    route("auth/dev-token", development.DevTokenView.as_view(), "api-dev-token"),
    route("auth/mock-login", development.MockLoginView.as_view(), "api-mock-login"),
    route("auth/mock-users", development.MockUsersView.as_view(), "api-mock-users"),
    *(route(pattern, view.as_view(), f"api-{name}") for pattern, view, name in _rbac),
]
# Below /api/v1
urlpatterns = [
    route("auth/refresh", tokens.RefreshView.as_view(), "api-v1-refresh"),
    route("auth/me", views.MeView.as_view(), "api-me"),
    route("auth/profile", views.ProfileView.as_view(), "api-profile"),
    route("users/me", views.OwnAccountView.as_view(), "api-users-me"),
    route("users/me/activity", views.ActivityView.as_view(), "api-my-activity"),
    route("users/me/preferences", views.PreferencesView.as_view(), "api-my-preferences"),
    route("users", people.UsersView.as_view(), "api-users"),
    route("users/<uuid:user_id>", people.UserView.as_view(), "api-user"),
    route("admin/users", people.FoundUsersView.as_view(), "api-admin-users"),
    route("admin/users/<uuid:user_id>/budget-limits", people.LimitsView.as_view(), "api-admin-user-limits"),
    route("admin/users/<uuid:user_id>/reset-spend", people.ResetSpendView.as_view(), "api-admin-user-spend"),
    route(
        "admin/users/<uuid:user_id>/revoke-sessions",
        people.RevokeSessionsView.as_view(),
        "api-admin-user-sessions",
    ),
    route("admin/auth/info", rbac.SignInInfoView.as_view(), "api-admin-auth-info"),
    route("admin/automation-keys", automation_keys.AutomationKeysView.as_view(), "api-automation-keys"),
    route(
        "admin/automation-keys/<uuid:key_id>",
        automation_keys.AutomationKeyView.as_view(),
        "api-automation-key",
    ),
    *(route(pattern, view.as_view(), f"api-v1-{name}") for pattern, view, name in _rbac),
    route("admin/audit", audit.AuditView.as_view(), "api-audit"),
    route("admin/audit/actions", audit.AuditActionsView.as_view(), "api-audit-actions"),
    route("admin/audit/categories", audit.AuditCategoriesView.as_view(), "api-audit-categories"),
    route("admin/audit/<int:event_id>/redact", audit.RedactView.as_view(), "api-audit-redact"),
    route("admin/audit/export", audit.AuditExportView.as_view(), "api-audit-export"),
]
