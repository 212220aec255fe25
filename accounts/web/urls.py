from django.urls import include, path

from accounts.web import local, providers, session_pages

urlpatterns = [
    path("sign-in/<str:provider_id>", providers.sign_in, name="provider_sign_in"),
    path("signed-out", providers.signed_out, name="signed_out"),
    # Before allauth's: closed where local accounts are off, or where there is no password to change.
    *local.urlpatterns,
    path("", include("allauth.account.urls")),
    path("2fa/", include("allauth.mfa.urls")),
    path("account/sessions", session_pages.sessions_page, name="account_sessions"),
    path("account/sessions/end-others", session_pages.end_other_sessions, name="account_end_other_sessions"),
    path("account/sessions/<str:session_id>/end", session_pages.end_session, name="account_end_session"),
]
