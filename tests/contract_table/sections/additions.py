"""What this server offers beyond the contract. It is held to its OpenAPI document elsewhere."""

ADDITIONS = [
    "GET /openapi.json",
    # People and programs
    "GET /api/auth/callback/{provider}",
    "GET /api/auth/handover",
    "GET /admin/automation-keys",
    "POST /admin/automation-keys",
    "DELETE /admin/automation-keys/{id}",
    "POST /admin/audit/{id}/redact",
    # What the contract changes or lists can also be read alone
    "GET /admin/users/{user}/api-keys/{key}",
    "GET /teams/{team}/api-keys/{key}",
    "GET /teams/{team}/members/{user}",
    "GET /playground/prompts/{id}",
    "GET /playground/presets",
    "POST /playground/presets",
    "GET /playground/presets/{id}",
    "PATCH /playground/presets/{id}",
    "DELETE /playground/presets/{id}",
    "GET /models/sync/runs",
    "GET /jobs/{id}/file",
    # Steps of their own
    "POST /api-keys/{key}/retire-former",
    "POST /api-keys/{key}/revoke",
    "POST /teams/{team}/invitations/{id}/resend",
    "DELETE /playground/conversations",
    # The ledger
    "POST /gateway/events",
    "GET /usage/query",
    "GET /usage/standing",
    "POST /usage/what-if",
    "PUT /usage/budgets/{kind}/{id}/thresholds",
    "GET /admin/usage/alerts",
    "GET /admin/usage/reconciliation",
    "GET /admin/usage/unattributed",
    "POST /admin/usage/reattribute",
    "POST /admin/usage/rejects/replay",
    "GET /admin/usage/webhooks",
    "POST /admin/usage/webhooks",
    "PATCH /admin/usage/webhooks/{id}",
    "DELETE /admin/usage/webhooks/{id}",
]
