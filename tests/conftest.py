"""What every test stands on."""

import functools
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F
from django.test import TransactionTestCase
from django.utils import translation
from playwright.sync_api import Browser, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from accounts import options as accounts_options
from accounts.recent_sign_in import SESSION_SIGN_IN
from litellm_sync import outbox
from litellm_sync.models import GatewayObject
from portal import health, look
from tests.factories import NOW

# The shell is the same engine without a browser around it, and spends a third of the processor time on a new page.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_configure() -> None:
    """Pages are rendered from the sources: nobody collects static files for a test run."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    settings.STATIC_ROOT = settings.BASE_DIR / "static"
    # Tests that commit empty every table afterwards; the audit tables refuse that to everybody else.
    options = settings.DATABASES["default"].setdefault("OPTIONS", {})
    options["options"] = "-c litemaas.audit_may_be_emptied=by\\ the\\ tests"
    user_logged_in.connect(_date_sign_in)
    # What is remembered for seconds is forgotten between tests, and not in the middle of one that counts statements.
    accounts_options._RECENT_SECONDS = look._RECENT_SECONDS = 3600.0
    # Argon2 is slow on purpose; what it hashes is not under test.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


def _date_sign_in(request, **_parts) -> None:
    """`Client.force_login` skips the page that dates the sign-in in the session; its request comes from nowhere."""
    if "REMOTE_ADDR" not in request.META:
        request.session.setdefault(SESSION_SIGN_IN, time.time())


# What migrations made once and every test may count on.
_KEPT = ("django_migrations", "django_content_type", "auth_permission")
_TABLES = """
SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname <> ALL(%s)
AND relnamespace = 'public'::regnamespace
"""


@functools.cache
def _may_pass_by_triggers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return cursor.fetchone()[0]


@pytest.fixture(autouse=True, scope="session")
def _empty_only_what_was_filled() -> None:
    """After tests that commit. Django truncates each of some hundred tables and writes all permissions anew.

    Passing by the triggers is for superusers only, so on a server where we are none Django's way remains.
    """
    thorough = TransactionTestCase._fixture_teardown

    def empty(case: TransactionTestCase) -> None:
        if not _may_pass_by_triggers():
            return thorough(case)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_TABLES, [list(_KEPT)])
            tables = [name for (name,) in cursor.fetchall()]
            asked = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM \"{name}\")" for name in tables)  # noqa: S608
            cursor.execute(" UNION ALL ".join(asked))
            filled = [name for (name,) in cursor.fetchall()]
            # Neither foreign keys nor the triggers that keep records from being deleted.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name in filled:
                cursor.execute(f'DELETE FROM "{name}"')  # noqa: S608
        return None

    TransactionTestCase._fixture_teardown = empty


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request, django_db_modify_db_settings_parallel_suffix, django_db_blocker
) -> Iterator[None]:
    """Workers copy one database that the first of them migrates: all migrations take seconds, a copy takes none."""
    run = getattr(request.config, "workerinput", {}).get("testrunuid")
    if not run:
        yield
        return
    test = connection.settings_dict["TEST"]
    template, mine = f"test_{run}", test["NAME"]
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(1)")
        if not connection.creation._database_exists(cursor, template):
            _migrate_into(template)
        test |= {"NAME": mine, "TEMPLATE": template, "MIGRATE": False}
    yield
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{template}"')


def _migrate_into(name: str) -> None:
    configured = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()
    settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = configured


def pytest_terminal_summary(terminalreporter) -> None:
    """What tests have to tell (`record_property("told", …)`), also from workers: the chaos report, measurements."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, value in report.user_properties:
                if name == "told":
                    terminalreporter.write_line(f"\n{value}")


@pytest.fixture(autouse=True)
def _fresh_counters():
    """Rate limits and the like live in the cache, recent options in the process; one test's are no other's.

    Nor is the language of the last page that a test asked for.
    """
    translation.deactivate()
    cache.clear()
    accounts_options.forget_recent()
    look.forget_look()
    health.is_gateway_up.forget()


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def drain() -> Callable[..., int]:
    """Apply what is due, as the sweep does; with `later`, as it would after that time."""

    def run(later: timedelta = timedelta(), **parts) -> int:
        shift = {name: F(name) - later for name in ("not_before", "leased_until")}
        GatewayObject.objects.dirty().update(**shift)
        return outbox.drain(**parts)

    return run


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one of this worker: a second Playwright in a thread finds the first one's loop running."""
    # Playwright's loop runs in this thread; Django would take its presence for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        # The system's; without one, Playwright's own, as `playwright install chromium` leaves it.
        installed = next(filter(None, map(shutil.which, CHROMIUM)), None)
        try:
            found = playwright.chromium.launch(executable_path=installed, args=ARGUMENTS)
        except PlaywrightError as error:
            raise RuntimeError(
                "The tests of pages need Chromium: `apt-get install chromium-headless-shell`, or "
                "`.venv/bin/playwright install chromium`."
            ) from error
        yield found
        found.close()
