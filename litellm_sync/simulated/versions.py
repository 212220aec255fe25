"""How the versions of LiteLLM differ in what we use (recorded: same calls, other statuses)."""

from dataclasses import dataclass

NEWEST = "1.109.1"


@dataclass(frozen=True, slots=True)
class Version:
    """A supported version's habits."""

    name: str
    over_budget_status: int = 422
    model_denied_status: int = 403
    expired_status: int = 401
    unknown_key_change_status: int = 404
    non_admin_list_status: int = 403
    largest_log_page: int = 1000
    keeps_deleted_keys: bool = True
    checks_budget_duration: bool = True
    checks_secret_length: bool = True
    orders_logs: bool = True
    caps_log_total: bool = True
    prefixes_models: bool = True
    # Earlier versions write 0 for a price that they do not know.
    knows_unknown_prices: bool = True
    clears_user_fields: bool = True
    # A deployment's parameters can be taken away by name. Null takes away prices only, and before 1.109 nothing.
    removes_model_params: bool = True
    attributes_failures: bool = True
    names_failed_models: bool = True
    logs_in_zulu: bool = False

    @property
    def number(self) -> tuple[int, int]:
        major, minor = self.name.split(".")[:2]
        return int(major), int(minor)


VERSIONS = {
    version.name: version
    for version in (
        Version(NEWEST),
        Version(
            "1.91.5",
            over_budget_status=429,
            largest_log_page=100,
            checks_budget_duration=False,
            checks_secret_length=False,
            caps_log_total=False,
            prefixes_models=False,
            knows_unknown_prices=False,
            removes_model_params=False,
            names_failed_models=False,
        ),
        Version(
            "1.80.17",
            over_budget_status=400,
            model_denied_status=401,
            expired_status=400,
            unknown_key_change_status=401,
            non_admin_list_status=401,
            largest_log_page=100,
            keeps_deleted_keys=False,
            checks_budget_duration=False,
            checks_secret_length=False,
            orders_logs=False,
            caps_log_total=False,
            prefixes_models=False,
            knows_unknown_prices=False,
            removes_model_params=False,
            clears_user_fields=False,
            attributes_failures=False,
            names_failed_models=False,
            logs_in_zulu=True,
        ),
    )
}
# Fields of a key that 1.80 does not have yet.
NEWER_KEY_FIELDS = {
    "status",
    "total_spend",
    "last_active",
    "settings_updated_at",
    "tpd_limit",
    "budget_limits",
}
