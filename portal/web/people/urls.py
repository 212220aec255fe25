from django.urls import path

from portal.web.people import activity, keys, limits, listing, profile, subscriptions, teams

_ONE = "operations/users/<uuid:user_id>"
_KEY = f"{_ONE}/keys/<uuid:key_id>"

urlpatterns = [
    path("operations/users", listing.people, name="users"),
    path("operations/keys/<uuid:key_id>", keys.find_key, name="find_api_key"),
    path(_ONE, profile.profile, name="user"),
    path(f"{_ONE}/roles", profile.change_roles, name="change_user_roles"),
    path(f"{_ONE}/deactivate", profile.deactivate, name="deactivate_user"),
    path(f"{_ONE}/reactivate", profile.reactivate, name="reactivate_user"),
    path(f"{_ONE}/end-sessions", profile.end_sessions, name="end_user_sessions"),
    path(f"{_ONE}/push", profile.push, name="push_user"),
    path(f"{_ONE}/limits", limits.limits, name="user_limits"),
    path(f"{_ONE}/limits/reset-spend", limits.reset_spend, name="reset_user_spend"),
    path(f"{_ONE}/keys", keys.keys, name="user_keys"),
    path(f"{_ONE}/keys/new", keys.new, name="new_user_key"),
    path(_KEY, keys.change, name="change_user_key"),
    path(f"{_KEY}/revoke", keys.revoke, name="revoke_user_key"),
    path(f"{_KEY}/rotate", keys.rotate, name="rotate_user_key"),
    path(f"{_KEY}/reset-spend", keys.reset_spend, name="reset_user_key_spend"),
    path(f"{_KEY}/delete", keys.delete, name="delete_user_key"),
    path(f"{_ONE}/subscriptions", subscriptions.subscriptions, name="user_subscriptions"),
    path(f"{_ONE}/subscriptions/add", subscriptions.add, name="add_user_subscriptions"),
    path(
        f"{_ONE}/subscriptions/<uuid:subscription_id>/remove",
        subscriptions.remove,
        name="remove_user_subscription",
    ),
    path(f"{_ONE}/teams", teams.teams, name="user_teams"),
    path(f"{_ONE}/activity", activity.activity, name="user_activity"),
]
