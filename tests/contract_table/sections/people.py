"""§2 authentication, §3 configuration and health, §4 own account."""

from tests.contract_table.rows import Row
from tests.contract_table.shapes import SHAPES

SHAPES |= {
    "Pagination": "{page:int, limit:int, total:int, totalPages:int}",
    "Page": "{data:[any], pagination:Pagination}",
    "PageWithTotal": "Page & {total:int}",
    "TokenUser": "{id:uuid, email:str, name:str, username:str, roles:[str]}",
    "Tokens": "{access_token:str, refresh_token:str, expires_in:int, token_type:Bearer, user:TokenUser, "
    "accessToken:str, refreshToken:str, expiresIn:int, refreshExpiresIn:int}",
    "Profile": "{id:uuid, username:str, email:str, fullName:str?, roles:[str], createdAt:ts}",
    "Limits": "{effective:{maxBudget:num?, remainingBudget:num?, budgetResetAt:ts?, tpmLimit:int?, rpmLimit:int?, "
    "maxParallelRequests:int?}, levels:[{level:user|team|member|key|model|default, id:str?, name:str?, maxBudget:num?, "
    "currentSpend:num?, budgetDuration:str?, budgetResetAt:ts?, tpmLimit:int?, rpmLimit:int?, binding:bool, "
    "+applies:bool, +maxParallelRequests:int?, +remainingBudget:num?}], asOf:ts}",
    "Preferences": "{theme:system|light|dark, language:str, density:str, timeZone:str?, playground:obj, notifications:obj, "
    "startPage:str, reducedMotion:bool, shortcuts:bool}",
    "Done": "{success:true, message:str}",
}

ROWS = [
    # §2.1
    Row("POST", "/api/auth/login", "A", "{authUrl:str}"),
    Row("GET", "/api/auth/callback", "A", "redirect", query="error=access_denied", status=302),
    Row("POST", "/api/auth/logout", "A", "{message:str, logoutUrl:str?}"),
    Row("POST", "/api/auth/validate", "A", "{valid:true, user:{userId:uuid, username:str, email:str, roles:[str]}}",
        body={"token": "{access_token}"}),
    Row("POST", "/api/auth/validate", "A", "Problem & {valid:false}", body={"token": "nonsense"}, status=401,
        name="wrong token"),
    Row("POST", "/api/auth/dev-token", "A", "Problem", status=404, name="not outside of development"),
    Row("GET", "/api/auth/mock-login", "A", "Problem", status=404, name="not outside of development"),
    Row("GET", "/api/auth/mock-users", "A", "Problem", status=404, name="not outside of development"),
    Row("GET", "/auth/me", "U", "{id:uuid, username:str, email:str, name:str, roles:[str]}"),
    Row("GET", "/auth/profile", "U", "Profile"),
    # §2.2
    Row("POST", "/api/auth/refresh", "A", "Tokens", body={"refresh_token": "{refresh_token}"}),
    Row("POST", "/auth/refresh", "A", "Tokens", body={"refreshToken": "{refresh_token}"}),
    Row("POST", "/api/auth/token", "A", "Tokens",
        body={"grantType": "password", "username": "{username}", "password": "{password}"}),
    Row("POST", "/api/auth/token/rotate", "U", "{access_token:str, expires_in:int, token_type:Bearer, accessToken:str, "
        "expiresIn:int, user?:TokenUser, +refresh_token:any, +refreshToken:any, +refreshExpiresIn:any}"),
    Row("POST", "/api/auth/token/blacklist", "U", "{revoked:true, until:ts}"),
    Row("GET", "/api/auth/sessions", "U", "[{sessionId:str, ipAddress:str?, userAgent:str?, createdAt:ts, "
        "lastActivityAt:ts, isCurrent:bool}]"),
    Row("DELETE", "/api/auth/sessions/{session}", "O", "Done"),
    Row("DELETE", "/api/auth/sessions", "U", "{message:str, invalidatedSessions:int}"),
    Row("POST", "/admin/users/{user}/revoke-sessions", "W", "{revoked:int}"),
    Row("GET", "/admin/auth/info", "R", "{provider:str, issuer:str?, groupsClaim:str?, "
        "discoveryStatus:healthy|not_applicable|unknown}"),
    # §2.3
    *(
        row
        for base in ("/api/rbac", "/rbac")
        for row in (
            Row("GET", f"{base}/roles", "R", "[{id:str, name:str, description:str, permissions:[str], isSystem:bool}]"),
            Row("GET", f"{base}/permissions", "R", "[{id:str, name:str, description:str, resource:str, action:str}]"),
            Row("GET", f"{base}/permissions/me", "U", "{roles:[str], permissions:[str]}"),
            Row("POST", f"{base}/permissions/check", "U", "{hasPermission:bool, permission:str, resourceId:str?}",
                body={"permission": "models:read"}),
            Row("POST", f"{base}/permissions/check-bulk", "U", "{hasAccess:bool, results:{*:bool}}",
                body={"permissions": ["models:read"]}),
        )
    ),
    # §3
    Row("GET", "/config", "A", "{version:str, usageCacheTtlMinutes:int, environment:development|production, "
        "currency:{code:str, symbol:str, name:str}, authProvider:openshift|oidc, litellmApiUrl:str, "
        "authMode:oauth|mock, features:{teams:bool, playground:bool, publicCatalogue:bool, keyReveal:bool}, "
        "locales:[str], reportingTimeZone:str}"),
    Row("GET", "/config/admin-analytics", "A", "{pagination:{defaultPageSize:int, maxPageSize:int, minPageSize:int}, "
        "topLimits:{users:int, models:int, providers:int}, dateRangeLimits:{maxAnalyticsDays:int, maxExportDays:int}, "
        "warnings:{largeDateRangeDays:int}, trends:{calculationPrecision:int}, export:{maxRows:int}}"),
    Row("GET", "/config/api-key-defaults", "A", "KeyDefaults"),
    Row("GET", "/", "A", "{name:str, version:str, description:str, docs:str}"),
    Row("GET", "/health", "A", "{status:healthy|unhealthy, timestamp:ts, version:str, checks:{database:Check, "
        "litellm:Check, auth:Check, redis:Check}}"),
    Row("GET", "/health", "A", "{status:healthy|unhealthy, timestamp:ts, version:str, checks:{database:Check, "
        "litellm:Check, auth:Check, redis:Check}, details:obj}", by="auditor", name="for operators"),
    Row("GET", "/health/ready", "A", "{ready:bool}"),
    Row("GET", "/health/live", "A", "{alive:bool}"),
    Row("GET", "/health/metrics", "R", "file"),
    Row("GET", "/metrics", "R", "file"),
    Row("GET", "/health/status", "R", "{services:{database:Service, litellm:Service, auth:Service, redis?:Service}, "
        "metrics:obj, configuration:obj}"),
    # §4
    Row("GET", "/users/me", "U", "Profile"),
    Row("PATCH", "/users/me", "U", "Profile", body={"fullName": "New Name"}),
    Row("GET", "/users/me/activity", "U", "Page({id:int, action:str, resourceType:str?, resourceId:str?, ipAddress:str?, "
        "userAgent:str?, metadata:obj, createdAt:ts})"),
    Row("GET", "/users/me/stats", "U", "{subscriptions:{total:int, active:int, suspended:int}, "
        "apiKeys:{total:int, active:int}, usage:{totalRequests:int?, totalTokens:int?, currentMonthRequests:int?, "
        "currentMonthTokens:int?}, lastLogin:ts?, memberSince:ts}"),
    Row("GET", "/users/me/preferences", "U", "Preferences"),
    Row("PATCH", "/users/me/preferences", "U", "Preferences", body={"theme": "dark", "language": "de"}),
    Row("GET", "/users/me/limits", "U", "Limits"),
    Row("GET", "/users/me/limits", "U", "Limits", query="apiKeyId={key}&modelId={model}", name="of a key and a model"),
]  # fmt: skip

SHAPES |= {
    "Check": "healthy|unhealthy",
    "Service": "{status:str, lastCheck:ts, *:any}",
    "KeyDefaults": "{defaults:{maxBudget:num?, tpmLimit:int?, rpmLimit:int?, budgetDuration:str?, softBudget:num?, "
    "expirationDays:int?}, maximums:{maxBudget:num?, tpmLimit:int?, rpmLimit:int?, expirationDays:int?}}",
    "Retry": "{retryable:bool, retryAfter:int, maxRetries:int, backoffType:exponential}",
    "Problem": "{type:str, title:str, status:int, detail:str, instance:str, code:str, message:str, statusCode:int, "
    "details:obj, requestId:str, timestamp:ts, error:{code:str, message:str, statusCode:int, requestId:str, "
    "correlationId?:str, timestamp:ts, details:obj, retry?:Retry}}",
}
