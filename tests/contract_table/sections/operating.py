"""§10 integration, §11 users, §15 settings, §16 audit, §17 backup, §18 banners, §19 branding, §20 jobs and the like."""

from tests.contract_table.rows import Row
from tests.contract_table.shapes import SHAPES

SHAPES |= {
    "Part": "{total:int, synced:int, errors:int|[any]}",
    "UserRow": "{id:uuid, username:str, email:str, fullName:str?, roles:[str], isActive:bool, lastLoginAt:ts?, createdAt:ts}",
    "UserSettings": "{maxBudget:num?, tpmLimit:int?, rpmLimit:int?}",
    "PortalSettings": "{publicCatalogue:bool, ownerSpendReset:bool, keyRevealMode:encrypted|once, "
    "revealMaxAgeSeconds:int, maxActiveKeysPerUser:int, usersMayCreateTeams:bool, syncSafetyPercent:int, "
    "reportingTimeZone:str, auditRetentionDays:int}",
    "AuditRow": "{id:any, userId:uuid?, username:str?, email:str?, action:str, resourceType:str, resourceId:str?, "
    "success:bool, errorMessage:str?, metadata:obj, ipAddress:str?, createdAt:ts, oldValues:obj?, newValues:obj?, "
    "requestId:str?, authMethod:str?, +userAgent:str?}",
    "Backup": "{id:str, filename:str, database:litemaas|litellm, timestamp:ts, size:int, metadata:{formatVersion:any, "
    "database:str, timestamp:ts, appVersion:str, tableCount:int, rowCounts:obj}}",
    "BackupJob": "{state:idle|running|completed|failed, database:str?, progress:{currentTable:str?, tablesCompleted:int, "
    "tablesTotal:int, rowsProcessed:int?, rowsTotal:int?, elapsed:int}?, backup:Backup?, error:str?, startedAt:ts?, "
    "completedAt:ts?}",
    # What the contract has, as far as it is known while the job runs.
    "RestoredSoFar": "{success:bool?, tablesRestored:int?, rowsRestored:int?, duration:int?, warnings:[str]}",
    "Banner": "{id:uuid, name:str, isActive:bool, priority:int, content:{*:str}, "
    "variant:info|warning|danger|success|default, isDismissible:bool, dismissDurationHours:int?, startDate:ts?, "
    "endDate:ts?, targetRoles:[str]?, targetUserIds:[uuid]?, linkUrl:str?, linkText:{*:str}?, markdownEnabled:bool, "
    "createdBy:uuid?, updatedBy:uuid?, createdAt:ts, updatedAt:ts}",
    "Branding": "{loginLogoEnabled:bool, hasLoginLogo:bool, loginTitleEnabled:bool, loginTitle:str?, "
    "loginSubtitleEnabled:bool, loginSubtitle:str?, headerBrandEnabled:bool, hasHeaderBrandLight:bool, "
    "hasHeaderBrandDark:bool, updatedAt:ts?}",
    "Job": "{id:uuid, kind:str, state:queued|running|succeeded|failed|cancelled, progress:{done:int, total:int?, unit:str, "
    "message?:str?}, result:obj?, error:str?, createdBy:uuid?, createdAt:ts, startedAt:ts?, finishedAt:ts?, "
    "fileName?:str?}",
    "Notification": "{id:uuid, kind:str, variant:str, title:str, body:str?, link:str?, createdAt:ts, readAt:ts?}",
    "Figures": "{timeToFirstToken:int?, duration:int, promptTokens:int?, completionTokens:int?, totalTokens:int?, "
    "tokensPerSecond:num?, cost:num?, currency:str}",
    "Prompt": "{id:uuid, name:str, text:str, createdAt:ts, updatedAt:ts}",
    "Conversation": "{id:uuid, name:str, model:str?, messageCount:int, createdAt:ts, updatedAt:ts}",
    "WholeConversation": "Conversation & {messages:[{role:str, content:any}]}",
}
USER = "/admin/users/{user}"
USER_KEY = "/admin/users/{user}/api-keys/{key}"
BANNER = {"name": "New", "content": {"en": "Hello", "de": "Hallo"}}
BACKUP = "/admin/backup/{backup}"
CHAT = {"apiKeyId": "{played}", "model": "{model}", "messages": [{"role": "user", "content": "Hello"}]}
# One red dot.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

ROWS = [
    # §10
    Row("GET", "/integration/health", "R", "{liteLLMConnection:{status:str, responseTime:num?, lastChecked:ts}, "
        "syncStatus:{lastGlobalSync:ts?, nextScheduledSync:ts?, pendingSyncs:int, failedSyncs:int}, "
        "dataConsistency:{usersInSync:int, usersOutOfSync:int, teamsInSync:int, teamsOutOfSync:int, keysInSync:int, "
        "keysOutOfSync:int, *:any}}"),
    Row("POST", "/integration/sync", "W", "{syncId:str, startedAt:ts, completedAt:ts?, success:bool, results:{users:Part, "
        "teams:Part, subscriptions:Part, apiKeys:Part, models:Part}, duration:int, jobId?:uuid}"),
    Row("POST", "/integration/sync", "W", "{syncId:str, startedAt:ts, completedAt:ts?, success:bool, results:{users:Part, "
        "teams:Part, subscriptions:Part, apiKeys:Part, models:Part}, duration:int} & Dry", query="dryRun=true",
        name="dry"),
    Row("GET", "/integration/alerts", "R", "{alerts:[{type:str, severity:low|medium|high, message:str, createdAt:ts, "
        "entityId:str?}]}"),
    # §11
    Row("GET", "/users", "R", "Page(UserRow)", query="search=contract&sortBy=username&sortOrder=asc"),
    Row("PATCH", "/users/{user}", "W", "{id:uuid, username:str, email:str, fullName:str?, roles:[str], createdAt:ts, "
        "isActive:bool}", body={"roles": ["user"], "reason": "Tidy"}),
    Row("PATCH", "/users/{user}", "W", "{id:uuid, username:str, email:str, fullName:str?, roles:[str], createdAt:ts, "
        "isActive:bool} & Dry", body={"isActive": False}, query="dryRun=true", name="dry"),
    Row("GET", "/admin/users", "R", "{users:[{userId:uuid, username:str, email:str}], total:int}"),
    Row("GET", "/admin/api-keys", "U", "{apiKeys:[{id:uuid, name:str, keyAlias:str, userId:uuid, username:str, email:str}], "
        "total:int}", query="userIds={user}"),
    Row("GET", USER, "R", "{id:uuid, username:str, email:str, fullName:str?, roles:[str], isActive:bool, maxBudget:num?, "
        "currentSpend:num?, tpmLimit:int?, rpmLimit:int?, budgetDuration:str?, budgetResetAt:ts?, syncStatus:SyncStatus, "
        "lastLoginAt:ts?, createdAt:ts, subscriptionsCount:int, activeSubscriptionsCount:int, apiKeysCount:int, "
        "activeApiKeysCount:int, teams:[{id:uuid, name:str, role:str}], drift:[{field:str, portal:any, proxy:any}]}"),
    Row("PATCH", f"{USER}/budget-limits", "W", "{id:uuid, maxBudget:num?, tpmLimit:int?, rpmLimit:int?, "
        "budgetDuration:str?, updatedAt:ts, syncStatus:SyncStatus}",
        body={"maxBudget": 5, "tpmLimit": None, "rpmLimit": 10, "budgetDuration": "monthly"}),
    Row("POST", f"{USER}/reset-spend", "W", "Reset", body={"reason": "Again"}),
    Row("GET", f"{USER}/api-keys", "R", "PageWithTotal(ApiKey)"),
    Row("POST", f"{USER}/api-keys", "W", "{id:uuid, name:str, key:str, keyPrefix:str, models:[str], isActive:bool, "
        "createdAt:ts, expiresAt:ts?, *:any}", body={"name": "For you", "modelIds": ["{model}"]}, status=201),
    Row("PATCH", USER_KEY, "W", "ApiKey", body={"maxBudget": None, "tpmLimit": 5}),
    Row("DELETE", USER_KEY, "W", "{success:true}", body={"reason": "Old"}),
    Row("DELETE", USER_KEY, "W", "{success:true}", query="permanent=true", name="for good"),
    Row("POST", f"{USER_KEY}/reset-spend", "W", "Reset"),
    Row("GET", f"{USER}/subscriptions", "R", "Page({id:uuid, modelId:str, modelName:str, provider:str?, status:Status, "
        "statusReason:str?, createdAt:ts, statusChangedAt:ts?})"),
    Row("POST", f"{USER}/subscriptions", "W", "{created:[{modelId:str, subscriptionId:uuid}], "
        "activated:[{modelId:str, subscriptionId:uuid, previousStatus:Status}], alreadyActive:[str]}",
        body={"modelIds": ["{model}", "{another}", "{denied_model}"]}, status=201),
    Row("POST", "/admin/users/bulk-update-limits", "W", "{totalUsers:int, successCount:int, failedCount:int, "
        "errors:[{userId:uuid, username:str, error:str}], processedAt:ts, jobId:uuid?}", body={"maxBudget": 0}),
    Row("POST", "/admin/users/bulk-update-limits", "W", "{totalUsers:int, successCount:int, failedCount:int, "
        "errors:[{userId:uuid, username:str, error:str}], processedAt:ts, jobId:uuid?} & Dry", body={"rpmLimit": 5},
        query="dryRun=true", name="dry"),
    Row("GET", "/admin/system/stats", "R", "{totalUsers:int, activeUsers:int, totalApiKeys:int, activeApiKeys:int, "
        "totalModels:int, availableModels:int}"),
    Row("GET", "/admin/system/status", "R", "{system:{uptime:num, version:str, environment:str}, database:{status:str, "
        "connectionPool:{active:int, idle:int, total:int}}, litellm:{status:str, lastSync:ts?, modelCount:int}, "
        "usage:{totalUsers:int, activeUsers:int, totalSubscriptions:int, totalApiKeys:int}}"),
    # §15
    Row("GET", "/admin/settings/api-key-defaults", "R", "KeyDefaults"),
    Row("PUT", "/admin/settings/api-key-defaults", "W", "KeyDefaults",
        body={"defaults": {"maxBudget": 5, "tpmLimit": None}, "maximums": {"maxBudget": 10}}),
    Row("GET", "/admin/settings/user-defaults", "R", "UserSettings & {envDefaults:UserSettings}"),
    Row("PUT", "/admin/settings/user-defaults", "W", "UserSettings & {envDefaults?:UserSettings}",
        body={"maxBudget": 5, "tpmLimit": None, "rpmLimit": 1}),
    Row("GET", "/admin/settings/currency", "R", "{code:str, symbol:str, name:str}"),
    Row("PUT", "/admin/settings/currency", "W", "{code:EUR, symbol:str, name:str}",
        body={"code": "EUR", "symbol": "?", "name": "?"}),
    Row("GET", "/admin/settings/currency/supported", "R", "[{code:str, symbol:str, name:str}]"),
    Row("GET", "/admin/settings/portal", "R", "PortalSettings"),
    Row("PUT", "/admin/settings/portal", "W", "PortalSettings", body={"publicCatalogue": True}),
    # §16
    Row("GET", "/admin/audit", "R", "Page(AuditRow)", query="limit=100"),
    Row("GET", "/admin/audit/actions", "R", "{actions:[str]}"),
    Row("GET", "/admin/audit/categories", "R", "{categories:[str]}"),
    Row("GET", "/admin/audit/export", "R", "file", query="format=csv"),
    # §17
    Row("GET", "/admin/backup/capabilities", "R", "{data:{litemaasAvailable:bool, litellmAvailable:bool, "
        "litellmConfigured:bool, storagePath:str, +problems:any}}"),
    Row("GET", "/admin/backup", "R", "{data:[Backup]}"),
    Row("GET", BACKUP, "R", "{data:Backup}"),
    Row("GET", "/admin/backup/status", "R", "{data:BackupJob}"),
    Row("POST", "/admin/backup/create", "W", "{data:BackupJob}", body={"database": "litemaas"}),
    Row("GET", f"{BACKUP}/download", "W", "file"),
    Row("DELETE", BACKUP, "W", "Done"),
    Row("POST", f"{BACKUP}/restore", "W", "{data:RestoredSoFar, jobId:uuid}", body={"database": "litemaas"}, status=202),
    Row("POST", f"{BACKUP}/restore", "W", "{data:RestoredSoFar} & Dry", body={"database": "litemaas"}, query="dryRun=true",
        name="dry"),
    Row("POST", f"{BACKUP}/test-restore", "W", "{data:RestoredSoFar & {testSchema:str}, jobId:uuid}",
        body={"database": "litemaas", "testSchemaName": "trial"}, status=202),
    # §18
    Row("GET", "/banners", "A", "[Banner]"),
    Row("POST", "/banners/{banner}/dismiss", "U", "{message:str}"),
    Row("GET", "/banners/admin", "R", "[Banner]"),
    Row("GET", "/banners/admin/{banner}", "R", "Banner"),
    Row("POST", "/banners/admin", "W", "{banner:Banner, message:str}", status=201,
        body={**BANNER, "variant": "warning", "isActive": True, "isDismissible": True, "dismissDurationHours": 5,
              "priority": 3, "startDate": "2026-01-01T00:00:00Z", "endDate": "2036-01-01T00:00:00Z",
              "targetRoles": ["user"], "targetUserIds": ["{user}"], "linkUrl": "https://status.example",
              "linkText": {"en": "More"}, "markdownEnabled": True}),
    Row("PUT", "/banners/admin/{banner}", "W", "{banner:Banner, message:str}", body={"isActive": False, **BANNER}),
    Row("PATCH", "/banners/admin/{banner}", "W", "{banner:Banner, message:str}", body={"priority": 2}),
    Row("PATCH", "/banners/admin/bulk-visibility", "W", "{message:str}", body={"{banner}": False}),
    Row("DELETE", "/banners/admin/{banner}", "W", "{message:str}"),
    Row("GET", "/banners/admin/{banner}/audit", "R", "{auditLogs:[{id:any, bannerId:uuid, "
        "action:create|update|delete|activate|deactivate, changedBy:any?, previousState:obj?, newState:obj?, "
        "changedAt:ts}], total:int}"),
    # §19
    Row("GET", "/branding", "A", "Branding"),
    Row("PATCH", "/branding", "W", "Branding", body={"loginTitle": "Hello", "loginTitleEnabled": True}),
    Row("GET", "/branding/images/login-logo", "A", "file"),
    Row("PUT", "/branding/images/header-brand-dark", "W", "{message:str}", body={"data": PNG, "mimeType": "image/png"}),
    Row("DELETE", "/branding/images/login-logo", "W", "{message:str}"),
    Row("DELETE", "/branding/images/header-brand-dark", "W", "{message:str}", name="there is none"),
    # §20
    Row("GET", "/jobs", "U", "Page(Job)"),
    Row("GET", "/jobs/{job}", "O,R", "Job"),
    Row("POST", "/jobs/{job}/cancel", "O,W", "Job"),
    Row("GET", "/notifications", "U", "Page(Notification) & {unreadCount:int}"),
    Row("POST", "/notifications/{notification}/read", "O", "", status=204),
    Row("POST", "/notifications/read-all", "U", "", status=204),
    Row("DELETE", "/notifications/{notification}", "O", "", status=204),
    Row("POST", "/playground/chat/completions", "U", "{id:str, object:chat.completion, created:int, model:str, "
        "choices:[any], usage:obj, litemaas:Figures, *:any}", body={**CHAT, "stream": False}),
    Row("POST", "/playground/chat/completions", "U", "file", body=CHAT, name="streamed"),
    Row("POST", "/playground/embeddings", "U", "{object:list, model:str, data:[any], usage:obj, litemaas:Figures, *:any}",
        body={"apiKeyId": "{played}", "model": "{embedding}", "input": "Hello"}),
    Row("POST", "/playground/conversions", "U", "{document:obj, status:str, litemaas:Figures, *:any}",
        body={"apiKeyId": "{played}", "model": "{converter}", "url": "https://papers.example/a.pdf", "stream": False}),
    Row("GET", "/playground/prompts", "U", "Page(Prompt)"),
    Row("POST", "/playground/prompts", "U", "Prompt", body={"name": "a", "text": "b"}, status=201),
    Row("PATCH", "/playground/prompts/{prompt}", "O", "Prompt", body={"name": "c"}),
    Row("DELETE", "/playground/prompts/{prompt}", "O", "", status=204),
    Row("GET", "/playground/conversations", "U", "Page(Conversation)"),
    Row("GET", "/playground/conversations/{conversation}", "O", "WholeConversation"),
    Row("POST", "/playground/conversations", "U", "WholeConversation", status=201,
        body={"name": "a", "messages": [{"role": "user", "content": "b"}]}),
    Row("PATCH", "/playground/conversations/{conversation}", "O", "WholeConversation", body={"name": "c"}),
    Row("DELETE", "/playground/conversations/{conversation}", "O", "", status=204),
]  # fmt: skip
