"""Routes of sign-in and account. The old front end expects some of them outside of /api/v1."""

from accounts.api import tokens, views
from litemaas.api.routes import route

# Below /api
outside = [
    route("auth/token", tokens.TokenView.as_view(), "api-token"),
    route("auth/refresh", tokens.RefreshView.as_view(), "api-refresh"),
    route("auth/logout", tokens.LogoutView.as_view(), "api-logout"),
    route("auth/validate", tokens.ValidateView.as_view(), "api-validate"),
    route("rbac/permissions/me", views.MyPermissionsView.as_view(), "api-my-permissions"),
]
# Below /api/v1
urlpatterns = [
    route("auth/refresh", tokens.RefreshView.as_view(), "api-v1-refresh"),
    route("auth/me", views.MeView.as_view(), "api-me"),
    route("auth/profile", views.ProfileView.as_view(), "api-profile"),
    route("users/me", views.ProfileView.as_view(), "api-users-me"),
    route("rbac/permissions/me", views.MyPermissionsView.as_view(), "api-v1-my-permissions"),
]
