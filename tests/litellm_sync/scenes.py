"""In which order, and with whose key, the recorded requests make sense.

A step is a recording's name, alone for the administrator, or with the caller: the name of the recording whose
answer made the key, "nobody", or one of KEYS. A dict is a request of our own that sets the stage.
"""

from typing import Any

Step = str | tuple[str, str] | dict[str, Any]
KEYS: dict[str, str] = {
    "stranger": "sk-recorded-unknown-00000000",
    "service": "sk-recorded-service-admin-00000000",
    "personal": "sk-recorded-personal-00000000",
    "free": "sk-recorded-over-budget-00000000",
    "nodefault": "sk-recorded-no-models-00000000",
    "allproxy": "sk-recorded-all-models-00000000",
    "zero": "sk-recorded-zero-budget-00000000",
    "blocked": "sk-recorded-blocked-00000000",
    "teamless": "sk-recorded-lost-team-00000000",
    "carol": "sk-recorded-carol-00000000",
    "in_team": "sk-recorded-in-team-00000000",
}
_TEAM = "28c1af28-1733-4ab3-9fbf-d12445a0cd5a"


def _post(path: str, **body: Any) -> dict[str, Any]:
    return {"path": path, "body": body}


def _key(name: str, **body: Any) -> dict[str, Any]:
    return _post("/key/generate", key=KEYS[name], **body)


def _by(caller: str, *names: str) -> list[Step]:
    return [(caller, name) for name in names]


FIRST: list[Step] = [
    *("user_new", "team_new", "err_enterprise_tags", "key_generate", "key_info"),
    *_by(
        "key_generate",
        "chat",
        "chat_stream",
        "embeddings",
        "chat_free",
        "err_model_not_allowed",
        "models_nonadmin",
    ),
    *[
        ("stranger", "err_bad_key"),
        ("nobody", "err_no_key"),
        ("nobody", "health_liveliness"),
        "health_readiness",
    ],
    *(
        "key_update",
        "key_info_after",
        "user_info",
        "team_info",
        "v1_models",
        "model_info",
        "model_group_info",
    ),
    *(
        "health",
        "health_readiness_d",
        "callbacks_list",
        "spend_logs_v2",
        "user_daily",
        "user_daily_agg",
        "team_daily",
    ),
    *(
        "m_group",
        "m_info_v2",
        "m_info_unknown",
        "da_key_filter",
        "key_delete",
        ("key_generate", "chat_deleted_key"),
    ),
    *("k_info_deleted", "x_userinfo_nouser"),
]

USERS: list[Step] = [
    *(
        "u_new",
        "u_new_dup_id",
        "u_new_dup_email",
        "u_new_with_key",
        "u_update",
        "u_info",
        "u_info_v2",
        "u_update_unknown",
    ),
    *(
        "u_info_unknown",
        "u_list",
        "u_list_ids",
        "u_list_email",
        "u_list_size_big",
        "u_tiny",
        "x_user_none",
        "x_ghost",
    ),
    _key("carol", user_id="carol-1795384429"),
    *_by(
        "carol",
        "na_team_new",
        "na_user_list",
        "na_key_gen_for_other",
        "na_key_generate",
        "na_model_info",
    ),
    ("carol", "na_user_daily"),
]

TEAMS: list[Step] = [
    *("t_new", "t_new_dup_id", "t_new_bad_model", "t_new_dup_alias", "t_member_add", "t_member_add_dup"),
    *(
        "t_member_add_new_user",
        "t_member_add_noteam",
        "t_member_update",
        "t_member_update_rl",
        "t_member_delete",
    ),
    *(
        "t_member_delete_unknown",
        "t_update",
        "t_update_unknown",
        "t_info",
        "t_info_unknown",
        "t_list",
        "t_list_v2",
    ),
    _post("/team/new", team_id="35b778e3-b89a-4e7b-ada0-2af40e2a36cc", team_alias="mm"),
    *("t_member_add_email", "t_member_add_nouser"),
]

KEY_STEPS: list[Step] = [
    *(
        "k_gen",
        "k_gen_dup_alias",
        "k_gen_custom_key",
        "k_gen_custom_key_dup",
        "k_gen_custom_key_bad",
        "k_gen_neg_budget",
    ),
    *("k_gen_bad_budget_duration", "k_gen_bad_duration", "k_gen_unknown_budget_id", "k_gen_unknown_team"),
    *(
        "k_gen_unknown_user",
        "k_gen_budget_over_team",
        "k_gen_model_not_in_team",
        "k_gen_type_llm",
        "k_gen_type_mgmt",
    ),
    *("k_service_account", "k_model_max_budget", "k_info_hash", ("k_gen", "k_info_self"), "k_info_unknown"),
    *("k_update_hash", "k_update_null_budget", "k_info_after_null", "k_update_alias_dup", "k_update_unknown"),
    *("k_block", ("k_gen", "chat_blocked_key"), "k_unblock", "k_block_unknown", "k_list", "k_list_full"),
    *("k_list_alias", "k_list_user", "k_list_size_big", "k_aliases", "k_reset_spend", "k_health"),
    *_by(
        "k_gen_type_llm",
        "kt_llm__key_info",
        "kt_llm__model_info",
        "kt_llm__user_daily_activity",
        "kt_llm__user_info",
    ),
    *_by("k_gen_type_llm", "kt_llm__v1_models", "kt_llm_chat", "kt_llm_gen"),
    *_by("k_gen_type_mgmt", "kt_mgmt_chat", "kt_mgmt_gen", "kt_mgmt_users"),
]

LIMITS: list[Step] = [
    *("k_rpm", *_by("k_rpm", "rpm_0", "rpm_1", "rpm_2", "rpm_3")),
    *("k_tpm", *_by("k_tpm", "tpm_0", "tpm_1", "tpm_2", "tpm_3"), "k_par", ("k_par", "par_0")),
    *("k_tiny", *_by("k_tiny", "budget_1", "budget_2", "budget_3"), "t_tiny", "k_ttiny"),
    *(*_by("k_ttiny", "teambudget_1", "teambudget_2"), "t_block", ("k_ttiny", "teamblocked"), "t_unblock"),
    *(
        "k_utiny",
        *_by("k_utiny", "userbudget_1", "userbudget_2"),
        "k_soft",
        *_by("k_soft", "soft_0", "soft_1"),
    ),
    *("k_dep", *_by("k_dep", *(f"deprpm_{n}" for n in range(7)))),
    *("k_exp", {"seconds": 2}, ("k_exp", "expired_key")),
    *("unknown_model", "unknown_model_admin", ("k_gen", "embed2"), ("k_gen", "chat_tags"), "bad_body"),
]

REPORTS: list[Step] = [
    *("da_user", "da_user_f", "da_page2", "da_team_all", "da_team_big", "da_user_nodates", "da_bad_date"),
    *("sl_v2_key", "sl_v2_bigpage", "sl_v2_isodates", "sl_v2_nodates"),
]

MODELS: list[Step] = [
    *(
        "m_new",
        "m_new_dup_id",
        "m_info_id",
        "chat_dbm",
        "m_update",
        "m_patch",
        "m_delete",
        "m_delete_unknown",
    ),
    *("m_delete_config_model", "m_update_config_model"),
]

LAST: list[Step] = [
    *("k_delete_mixed", "k_delete_unknown", "k_delete_alias", "k_list_deleted", "k_reuse_deleted_alias"),
    *("t_delete", "t_delete_unknown", "u_delete"),
    _post("/user/new", user_id="svc", user_role="proxy_admin", auto_create_key=False),
    _key("service", user_id="svc", key_type="management"),
    *_by(
        "service",
        "x_svcmgmt_key_list",
        "x_svcmgmt_model_info",
        "x_svcmgmt_spend_logs_v2",
        "x_svcmgmt_user_list",
    ),
    *_by("service", "x_svcmgmt_team_daily_activity", "x_svcmgmt_team_new", "x_svcmgmt_chat_completions"),
    *_by(
        "service", "x_svcmgmt_model_group_info", "x_svcmgmt_v1_models", "x_svcmgmt_health_readiness_details"
    ),
    *(_key("personal"), ("personal", "x_headers"), "x_dup_custom", _key("free", max_budget=0.0001)),
    *(("free", "chat"), ("free", "x_over"), ("free", "x_over_free"), ("free", "x_over_zero_priced")),
    {"path": "/key/update", "body": {"key": KEYS["free"], "max_budget": 1}},
    *(("free", "x_over_raised"), _key("zero", max_budget=0), ("zero", "x_zero_budget")),
    *(_key("nodefault", models=["no-default-models"]), ("nodefault", "x_nodefault")),
    *(_key("allproxy", models=["all-proxy-models"]), ("allproxy", "x_allproxy")),
    *(_key("blocked", blocked=True), ("blocked", "x_blocked_upd")),
    *(_key("teamless", team_id="noteam3-1795385010"), ("teamless", "x_noteam_call")),
    _post("/team/new", team_id=_TEAM, models=["gpt-mock"]),
    _post("/user/new", user_id="c1-1795385010", auto_create_key=False),
    *(_key("in_team", team_id=_TEAM, user_id="c1-1795385010"), ("in_team", "x_team_models")),
    *(
        ("in_team", "x_team_model_denied"),
        _post("/team/update", team_id=_TEAM, models=["gpt-mock", "gpt-4o-mini"]),
    ),
    *(
        ("in_team", "x_team_model_after_update"),
        "x_key_nonmember",
        ("x_key_nonmember", "x_key_nonmember_call"),
    ),
    *("x_user_delete", "x_deleted_user_info", "x_team_delete"),
]

ALL: list[Step] = [*FIRST, *USERS, *TEAMS, *KEY_STEPS, *LIMITS, *REPORTS, *MODELS, *LAST]
