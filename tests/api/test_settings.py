"""What administrators set holds from then on, is checked whole, and is on record with what it was."""

from decimal import Decimal

import pytest

from accounts import options
from accounts.models import AuditEvent

pytestmark = pytest.mark.django_db


def test_an_option_that_nobody_set_has_the_deployments_value(auditor, settings):
    settings.MAX_ACTIVE_KEYS_PER_USER = 7
    assert auditor.get("admin/settings/portal").json()["maxActiveKeysPerUser"] == 7


def test_a_change_holds_and_leaves_the_rest_alone(admin):
    answer = admin.put(
        "admin/settings/portal", {"maxActiveKeysPerUser": 3, "reportingTimeZone": "Asia/Tokyo"}
    )
    assert answer.status_code == 200
    assert answer.json()["maxActiveKeysPerUser"] == options.value("maxActiveKeysPerUser") == 3
    assert answer.json()["publicCatalogue"] is False
    assert admin.get("config").json()["reportingTimeZone"] == "Asia/Tokyo"


def test_old_and_new_values_are_recorded_once(admin):
    for _ in range(2):
        admin.put("admin/settings/portal", {"maxActiveKeysPerUser": 3, "publicCatalogue": False})
    row = AuditEvent.objects.get(action="UPDATE_PORTAL_SETTINGS")
    assert (row.old_values, row.new_values) == ({"maxActiveKeysPerUser": 10}, {"maxActiveKeysPerUser": 3})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("maxActiveKeysPerUser", 0),
        ("maxActiveKeysPerUser", "many"),
        ("reportingTimeZone", "Mars/Olympus"),
        ("reportingTimeZone", "../../etc/passwd"),
        ("keyRevealMode", "never"),
        ("publicCatalogue", "yes"),
        ("auditRetentionDays", 1),
    ],
)
def test_a_wrong_value_is_named_and_nothing_is_set(admin, field, value):
    answer = admin.put("admin/settings/portal", {"syncSafetyPercent": 50, field: value})
    assert answer.status_code == 400
    assert [entry["field"] for entry in answer.json()["details"]["validation"]] == [field]
    assert options.value("syncSafetyPercent") == 20


def test_those_who_may_only_read_change_nothing(auditor, api):
    for path in ("portal", "user-defaults", "currency"):
        assert auditor.get(f"admin/settings/{path}").status_code == 200
        assert auditor.put(f"admin/settings/{path}", {"code": "EUR"}).status_code == 403
        assert api.get(f"admin/settings/{path}").status_code == 403


def test_user_defaults_are_exact_and_fall_back_to_the_deployments(admin, settings):
    settings.USER_DEFAULTS = {"userMaxBudget": Decimal("5.5"), "userTpmLimit": None, "userRpmLimit": 60}
    answer = admin.put("admin/settings/user-defaults", {"maxBudget": 0.1, "envDefaults": {"maxBudget": 9}})
    assert answer.json() == {
        "maxBudget": 0.1,
        "tpmLimit": None,
        "rpmLimit": None,
        "envDefaults": {"maxBudget": 5.5, "tpmLimit": None, "rpmLimit": 60},
    }
    assert options.user_defaults() == {
        "userMaxBudget": Decimal("0.1"),
        "userTpmLimit": None,
        "userRpmLimit": 60,
    }
    assert admin.put("admin/settings/user-defaults", {"maxBudget": -1}).status_code == 400


def test_a_currencys_symbol_and_name_come_from_the_list(admin, anonymous):
    answer = admin.put("admin/settings/currency", {"code": "EUR", "symbol": "!", "name": "Fake"})
    assert (
        answer.json()
        == {"code": "EUR", "symbol": "€", "name": "Euro"}
        == anonymous.get("config").json()["currency"]
    )
    assert admin.put("admin/settings/currency", {"code": "ZZZ"}).status_code == 400
    assert len(admin.get("admin/settings/currency/supported").json()) == 25


def test_an_option_that_was_set_to_none_is_none_for_the_rules_as_well(admin):
    for amount in (5, None):
        answer = admin.put("admin/settings/user-defaults", {"maxBudget": amount, "tpmLimit": None})
        assert answer.status_code == 200, answer.text
    assert options.values(["userMaxBudget"]) == {"userMaxBudget": None}
