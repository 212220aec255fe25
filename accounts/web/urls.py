from django.urls import include, path

from accounts.web import (
    audit,
    audit_list,
    connections,
    local,
    providers,
    session_pages,
    settings,
    suggesting,
)

urlpatterns = [
    path("sign-in/<str:provider_id>", providers.sign_in, name="provider_sign_in"),
    path("signed-out", providers.signed_out, name="signed_out"),
    # Before allauth's: closed where local accounts are off, or where there is no password to change.
    *local.urlpatterns,
    path("", include("allauth.account.urls")),
    path("2fa/", include("allauth.mfa.urls")),
    path("settings", settings.own_profile, name="settings_profile"),
    path("settings/preferences", settings.preferences, name="settings_preferences"),
    path("settings/activity", settings.activity, name="settings_activity"),
    path("shortcuts", settings.shortcuts, name="shortcuts"),
    path("account/stay", settings.stay_signed_in, name="stay_signed_in"),
    path("account/sessions", session_pages.sessions_page, name="account_sessions"),
    path("account/sessions/end-others", session_pages.end_other_sessions, name="account_end_other_sessions"),
    path("account/sessions/<str:session_id>/end", session_pages.end_session, name="account_end_session"),
    path("account/connections", connections.listed, name="account_connections"),
    path("account/connections/<str:provider_id>/connect", connections.connect, name="connect_provider"),
    path("account/connections/<int:account_id>/remove", connections.remove, name="remove_connection"),
    path("operations/people", suggesting.suggest_people, name="suggest_people"),
    path("operations/audit", audit_list.audit_events, name="audit_events"),
    path("operations/audit/export", audit_list.export_audit_events, name="export_audit_events"),
    path("operations/audit/filters/save", audit_list.save_audit_filter, name="save_audit_filter"),
    path(
        "operations/audit/filters/<int:filter_id>/delete",
        audit_list.delete_audit_filter,
        name="delete_audit_filter",
    ),
    path("operations/audit/<int:event_id>/redact", audit.redact, name="redact_audit_event"),
]
