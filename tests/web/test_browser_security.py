"""What answers tell the browser to forbid, and where nobody is sent to."""

import json
import os
import subprocess
import sys

import pytest
from django.test import Client

from tests.factories import UserFactory

PAGES = [
    "/login/",
    "/home",
    "/models",
    "/api-keys",
    "/subscriptions",
    "/usage",
    "/teams",
    "/2fa/",
    "/admin/",
    "/nowhere",
]


@pytest.fixture
def browser(db):
    client = Client(headers={"referer": ""})
    client.force_login(
        UserFactory.create(is_operator=True), backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    return client


@pytest.mark.parametrize("page", PAGES)
def test_every_page_forbids_what_it_does_not_use(browser, page):
    answer = browser.get(page)
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    for directive in ("object-src 'none'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert directive in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_script_or_style_of_its_own(browser, page):
    text = browser.get(page).text
    # What carries data only is no script to a browser.
    scripts = [part.split(">", 1)[0] for part in text.split("<script")[1:]]
    assert all("src=" in tag or 'type="application/json"' in tag for tag in scripts), scripts
    assert "<style" not in text
    assert " style=" not in text
    assert " onclick=" not in text


def test_data_that_is_opened_in_a_browser_loads_nothing(browser):
    assert browser.get("/api/v1/config")["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "http:evil.example",
    ],
)
def test_nobody_is_sent_to_another_site_after_signing_in(db, target):
    person = UserFactory.create(username="nora", signs_in=True)
    client = Client()
    answer = client.post(
        f"/login/?next={target}",
        {"login": person.username, "password": "correct-horse-battery", "next": target},
    )
    assert answer.status_code == 302
    assert "evil" not in answer["Location"]
    assert "javascript" not in answer["Location"]


PRINT = """
import json, django
django.setup()
from django.test import Client
from django.conf import settings
page = Client().get("/login/", secure=True, HTTP_HOST="litemaas.example")
names = {"session": settings.SESSION_COOKIE_NAME, "csrf": settings.CSRF_COOKIE_NAME}
cookie = page.cookies[names["csrf"]]
print(json.dumps({
    **names, "hsts": page["Strict-Transport-Security"], "secure": bool(cookie["secure"]), "path": cookie["path"],
    "domain": cookie["domain"], "httponly": settings.SESSION_COOKIE_HTTPONLY,
    "plain": Client().get("/login/", HTTP_HOST="litemaas.example").status_code,
}))
"""


def test_in_production_cookies_belong_to_this_host_and_https_is_kept():
    environment = os.environ | {
        "PUBLIC_URL": "https://litemaas.example",
        "ALLOWED_HOSTS": "litemaas.example",
        "ENVIRONMENT": "production",
        "DEBUG": "true",
    }
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PRINT],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["session"].startswith("__Host-")
    assert found["csrf"].startswith("__Host-")
    assert (found["secure"], found["path"], found["domain"], found["httponly"]) == (True, "/", "", True)
    assert "max-age=31536000" in found["hsts"]
    assert "includeSubDomains" in found["hsts"]
    assert found["plain"] == 301
