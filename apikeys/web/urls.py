from django.urls import path

from apikeys.web import cancelling, changing, revealing, rotating, team_keys, views

urlpatterns = [
    path("subscriptions/<uuid:subscription_id>/cancel", cancelling.cancel, name="cancel_subscription"),
    path("teams/<uuid:team_id>/keys", team_keys.team_keys, name="team_keys"),
    path("teams/<uuid:team_id>/keys/new", team_keys.new_service_key, name="new_service_key"),
    path("api-keys", views.api_keys, name="api_keys"),
    path("api-keys/new", views.new, name="new_api_key"),
    path("api-keys/<uuid:key_id>", views.api_key, name="api_key"),
    path("api-keys/<uuid:key_id>/state", views.state, name="api_key_state"),
    path("api-keys/<uuid:key_id>/reveal", revealing.reveal, name="reveal_api_key"),
    path("api-keys/<uuid:key_id>/env", revealing.env_file, name="api_key_env"),
    path("api-keys/<uuid:key_id>/change", changing.change, name="change_api_key"),
    path("api-keys/<uuid:key_id>/rotate", rotating.rotate, name="rotate_api_key"),
    path("api-keys/<uuid:key_id>/retire-former", rotating.retire, name="retire_former_secret"),
    path("api-keys/<uuid:key_id>/reset-spend", changing.reset, name="reset_key_spend"),
    path("api-keys/<uuid:key_id>/revoke", views.revoke, name="revoke_api_key"),
]
