"""Routes of API keys, below /api/v1."""

from apikeys.api import views
from litemaas.api.routes import route

_ONE = "api-keys/<uuid:key_id>"

urlpatterns = [
    route("api-keys", views.ApiKeysView.as_view(), "api-keys"),
    route(_ONE, views.ApiKeyView.as_view(), "api-key"),
    route(f"{_ONE}/revoke", views.RevokeView.as_view(), "api-key-revoke"),
    route(f"{_ONE}/reveal", views.RevealView.as_view(), "api-key-reveal"),
    route(f"{_ONE}/retrieve-key", views.RevealView.as_view(), "api-key-retrieve"),
]
