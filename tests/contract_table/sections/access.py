"""§6 and §13 subscriptions, §7 keys, §9 teams."""

from tests.contract_table.rows import Row
from tests.contract_table.shapes import SHAPES

SHAPES |= {
    "Utilization": "{requests:num?, tokens:num?}",
    "Status": "pending|active|denied|suspended|inactive|expired",
    "Subscription": "{id:uuid, userId:uuid, modelId:str, modelName:str, provider:str, status:Status, quotaRequests:int, "
    "quotaTokens:int, usedRequests:int?, usedTokens:int?, remainingRequests:int?, remainingTokens:int?, "
    "utilizationPercent:Utilization, requestUtilization:num?, tokenUtilization:num?, "
    "pricing:{inputCostPerToken:num?, outputCostPerToken:num?, currency:str}?, inputCostPerToken:num?, "
    "outputCostPerToken:num?, estimatedMonthlyCost:num?, resetAt:ts?, expiresAt:ts?, statusReason:str?, "
    "statusChangedAt:ts?, statusChangedBy:uuid?, metadata:{features:[str], *:any}, modelDescription:str?, "
    "modelContextLength:int?, modelSupportsVision:bool, modelSupportsFunctionCalling:bool, "
    "modelSupportsParallelFunctionCalling:bool, modelSupportsToolChoice:bool, createdAt:ts, updatedAt:ts, "
    "restrictedAccess:bool, modelAvailability:available|unavailable, allowedActions:[str]}",
    "Person": "{id:uuid, username:str, email:str}",
    "Quota": "{limit:int, used:int?, remaining:int?, resetAt:ts?}",
    "History": "{id:int, oldStatus:str?, newStatus:str, reason:str?, changedBy:{id:uuid, username:str}?, changedAt:ts}",
    # The contract names a dozen fields of the subscription; all of them are sent.
    "Request": "Subscription & {user:Person, model:{id:str, name:str, provider:str, restrictedAccess:bool}, "
    "history?:[History]}",
    "Decided": "{successful:int, failed:int, errors:[{subscription:str, error:str}]}",
    "ApiKey": "{id:uuid, userId:uuid?, name:str, keyPrefix:str, prefix:str, keyPreview:str, models:[str], "
    "modelDetails:[{id:str, name:str, provider:str, contextLength:int?, supportsEmbeddings:bool, supportsConvert:bool}], "
    "subscriptionId:uuid?, subscriptionDetails:[{subscriptionId:uuid, modelId:str, status:Status}], isActive:bool, "
    "createdAt:ts, updatedAt:ts, lastUsedAt:ts?, expiresAt:ts?, revokedAt:ts?, maxBudget:num?, currentSpend:num?, "
    "budgetUtilization:num?, budgetDuration:str?, budgetResetAt:ts?, softBudget:num?, tpmLimit:int?, rpmLimit:int?, "
    "maxParallelRequests:int?, modelMaxBudget:{*:{budgetLimit:num, timePeriod:str}}?, modelRpmLimit:{*:int}?, "
    "modelTpmLimit:{*:int}?, tags:[str], teamId:uuid?, metadata:obj, isLiteLLMKey:true, syncStatus:SyncStatus, "
    "syncError:str?, lastSyncAt:ts?, keyAlias:str, blocked:bool, portalPermissions:[str], secretAvailable:bool, "
    "spendAsOf:ts?, +guardrails:[str], +permissions:obj?, +ownership:personal|service, +oldKeyPrefix:str?, "
    "+oldKeyValidUntil:ts?, +oldKeyLastUsedAt:ts?}",
    "NewKey": "ApiKey & {key:str}",
    "Reset": "{id:uuid, currentSpend:0, resetAt:ts, +syncStatus?:SyncStatus}",
    "Member": "{id:str, teamId:uuid, userId:uuid, role:admin|member|viewer, joinedAt:ts, addedBy:uuid?, "
    "maxBudgetInTeam:num?, currentSpendInTeam:num?, user:{id:uuid, username:str, email:str, fullName:str?}}",
    "Team": "{id:uuid, name:str, alias:str?, description:str?, liteLLMTeamId:str?, maxBudget:num?, currentSpend:num?, "
    "budgetUtilization:num?, budgetDuration:str?, budgetResetAt:ts?, softBudget:num?, tpmLimit:int?, rpmLimit:int?, "
    "allowedModels:[str], metadata:obj, isActive:bool, isDefault:bool, memberCount:int, members:[Member], "
    "membersTruncated:bool, myRole:admin|member|viewer?, createdAt:ts, updatedAt:ts, createdBy:uuid?, "
    "syncStatus:SyncStatus, +spendAsOf:ts?}",
    "Invitation": "{id:uuid, email:str?, userId:uuid?, role:admin|member|viewer, "
    "status:pending|accepted|declined|revoked|expired, expiresAt:ts, createdAt:ts, invitedBy:uuid?, +mailedAt:ts?}",
    "TeamBudget": "{teamId:uuid, maxBudget:num?, currentSpend:num?, budgetUtilization:num?, remainingBudget:num?, "
    "budgetDuration:str?, resetAt:ts?, softBudget:num?, alertTriggered:bool, "
    "memberBudgets?:[{userId:uuid, username:str, maxBudgetInTeam:num?, currentSpendInTeam:num?}], lastUpdatedAt:ts, "
    "+syncStatus:SyncStatus}",
}
SUBSCRIPTION = "/subscriptions/{subscription}"
KEY = "/api-keys/{key}"
TEAM = "/teams/{team}"

ROWS = [
    # §6.2
    Row("GET", "/subscriptions", "U", "PageWithTotal(Subscription)"),
    Row("GET", SUBSCRIPTION, "O,R", "Subscription"),
    Row("POST", "/subscriptions", "U", "Subscription", body={"modelId": "{another}"}, status=201),
    Row("POST", "/subscriptions", "U", "Subscription", body={"modelId": "{restricted}"}, status=201, name="restricted"),
    Row("PATCH", SUBSCRIPTION, "O,W", "Subscription", body={"quotaRequests": 5}),
    Row("PUT", f"{SUBSCRIPTION}/quotas", "O,W", "Subscription", body={"quotaRequests": 5, "quotaTokens": 6}),
    Row("POST", f"{SUBSCRIPTION}/cancel", "O,W", "Subscription"),
    Row("POST", f"{SUBSCRIPTION}/suspend", "O,W", "Subscription", body={"reason": "Holiday"}),
    Row("POST", "/subscriptions/{suspended}/resume", "O,W", "Subscription"),
    Row("POST", "/subscriptions/{denied}/request-review", "O", "Subscription", body={"comment": "Please"}),
    Row("GET", f"{SUBSCRIPTION}/quota", "O,R", "{requests:Quota, tokens:Quota}"),
    Row("GET", f"{SUBSCRIPTION}/pricing", "O,R", "{subscriptionId:uuid, usedRequests:int?, usedTokens:int?, "
        "inputCostPerToken:num?, outputCostPerToken:num?, estimatedCost:num?, costBreakdown:{promptTokens:int?, "
        "completionTokens:int?, inputCost:num?, outputCost:num?, totalCost:num?}, billingPeriod:{start:ts, end:ts}}"),
    Row("GET", f"{SUBSCRIPTION}/usage", "O,R", "{subscriptionId:uuid, quotaRequests:int, quotaTokens:int, "
        "usedRequests:int?, usedTokens:int?, requestUtilization:num?, tokenUtilization:num?, withinRequestLimit:bool?, "
        "withinTokenLimit:bool?, resetDate:ts?, warningThresholds:{requests:num, tokens:num}}"),
    Row("GET", "/subscriptions/{denied}/history", "O,R", "{data:[History]}"),
    Row("GET", "/subscriptions/stats", "U", "{total:int, byStatus:{*:int}, byProvider:{*:int}, "
        "totalQuotaUsage:{requests:{used:int?, limit:int}, tokens:{used:int?, limit:int}}}"),
    Row("GET", "/subscriptions/admin/all", "R", "Page(Subscription & {user:Person})"),
    Row("POST", "/subscriptions/admin/reset-quotas", "W", "{message:str, resetCount:int}", body={"userId": "{user}"}),
    Row("POST", "/subscriptions/admin/reset-quotas", "W", "{message:str, resetCount:int} & Dry", body={"all": True},
        query="dryRun=true", name="dry"),
    # §13
    Row("GET", "/admin/subscriptions", "R", "Page(Request)"),
    Row("GET", "/admin/subscriptions/stats", "R", "{pendingCount:int, approvedToday:int, deniedToday:int, totalRequests:int}"),
    Row("POST", "/admin/subscriptions/approve", "W", "Decided",
        body={"subscriptionIds": ["{pending}", "{subscription}"], "reason": "Fine"}),
    Row("POST", "/admin/subscriptions/approve", "W", "Decided & Dry", body={"subscriptionIds": ["{pending}"]},
        query="dryRun=true", name="dry"),
    Row("POST", "/admin/subscriptions/deny", "W", "Decided", body={"subscriptionIds": ["{pending}"], "reason": "No"}),
    Row("POST", "/admin/subscriptions/deny", "W", "Decided & Dry",
        body={"subscriptionIds": ["{pending}"], "reason": "No"}, query="dryRun=true", name="dry"),
    Row("POST", "/admin/subscriptions/{denied}/revert", "W", "Request", body={"newStatus": "active", "reason": "Sorry"}),
    Row("DELETE", "/admin/subscriptions/{subscription}", "W", "{success:true}", body={"reason": "Gone"}),
    Row("DELETE", "/admin/subscriptions/{subscription}", "W", "{success:true} & Dry", query="dryRun=true", name="dry"),
    # §7.1
    Row("GET", "/api-keys", "U", "PageWithTotal(ApiKey)"),
    Row("GET", KEY, "O,R", "ApiKey"),
    Row("POST", "/api-keys", "U", "NewKey", status=201,
        body={"modelIds": ["{model}"], "name": "New", "maxBudget": 5, "softBudget": 4, "budgetDuration": "monthly",
              "tpmLimit": 100, "rpmLimit": 10, "maxParallelRequests": 2, "modelRpmLimit": {"{model}": 5},
              "modelTpmLimit": {"{model}": 50}, "tags": ["a"], "metadata": {"description": "d"},
              "portalPermissions": ["models:read"], "permissions": {"allowEmbeddings": False}}),
    Row("PATCH", KEY, "O,W", "ApiKey", body={"name": "Other", "maxBudget": None}),
    Row("POST", f"{KEY}/rotate", "O,W", "{id:uuid, key:str, keyPrefix:str, rotatedAt:ts, oldPrefix:str, "
        "oldKeyValidUntil:ts?, syncStatus:SyncStatus}", body={"overlapSeconds": 60}),
    Row("DELETE", KEY, "O,W", "{message:str, deletedAt:ts}"),
    Row("POST", f"{KEY}/reset-spend", "O,W", "Reset", by="admin"),
    *(
        Row("POST", f"{KEY}/{name}", "O", "{key:str, keyType:litellm, retrievedAt:ts}")
        for name in ("reveal", "retrieve-key")
    ),
    Row("GET", f"{KEY}/usage", "O,R", "{totalRequests:int?, requestsThisMonth:int?, lastUsedAt:ts?, createdAt:ts}"),
    Row("GET", f"{KEY}/limits", "O,R", "Limits"),
    Row("GET", "/api-keys/stats", "U", "{total:int, active:int, expired:int, revoked:int, bySubscription:{*:int}, "
        "byModel:{*:int}}"),
    Row("POST", "/api-keys/validate", "R", "{isValid:true, subscriptionId:uuid?, models:[str], userId:uuid?, "
        "keyId:uuid?, reason:str?}", body={"key": "{secret}"}),
    Row("POST", "/api-keys/validate", "R", "{isValid:false, subscriptionId:uuid?, models:[str], userId:uuid?, "
        "keyId:uuid?, reason:str?}", body={"key": "sk-nobodys"}, name="unknown"),
    Row("GET", "/api-keys/admin/all", "R", "PageWithTotal(ApiKey & {user:Person?})"),
    Row("POST", "/api-keys/admin/cleanup-expired", "W", "{message:str, cleanedCount:int}"),
    Row("POST", "/api-keys/admin/cleanup-expired", "W", "{message:str, cleanedCount:int} & Dry", query="dryRun=true",
        name="dry"),
    # §9
    Row("GET", "/teams", "U", "Page(Team)", by="head"),
    Row("POST", "/teams", "W", "Team", status=201,
        body={"name": "New team", "alias": "nt", "description": "d", "maxBudget": 10, "budgetDuration": "1mo",
              "softBudget": 8, "tpmLimit": 5, "rpmLimit": 5, "allowedModels": ["{model}"], "metadata": {"a": 1},
              "adminIds": ["{user}"]}),
    Row("GET", TEAM, "Tv,R", "Team"),
    Row("PATCH", TEAM, "Ta,W", "Team", body={"description": "New"}),
    Row("DELETE", TEAM, "Ta,W", "", status=204, body={"reason": "Over"}, by="admin"),
    Row("DELETE", TEAM, "Ta,W", "Dry", query="dryRun=true", name="dry", by="admin"),
    Row("POST", f"{TEAM}/sync", "W", "{success:bool, syncedAt:ts, changes:{budget:Change, members:Change, usage:Change}}"),
    Row("GET", f"{TEAM}/members", "Tv,R", "Page(Member)"),
    Row("POST", f"{TEAM}/members", "W", "Member", body={"userId": "{user}", "role": "viewer"}, status=201),
    Row("PATCH", f"{TEAM}/members/{{member}}", "Ta,W", "Member", body={"role": "viewer"}),
    Row("DELETE", f"{TEAM}/members/{{member}}", "Ta,W", "", status=204, body={"reason": "Left"}),
    Row("DELETE", f"{TEAM}/members/{{member}}", "Ta,W", "Dry", query="dryRun=true", name="dry"),
    Row("GET", f"{TEAM}/invitations", "Ta,R", "{data:[Invitation]}"),
    Row("POST", f"{TEAM}/invitations", "Ta,W", "Invitation & {link?:str?}", body={"email": "new@example.com"}, status=201),
    Row("DELETE", f"{TEAM}/invitations/{{invitation}}", "Ta,W", "", status=204),
    Row("GET", "/invitations", "U", "{data:[Invitation & {teamId:uuid, teamName:str, +message:str?, +invitedByName:str?}]}"),
    Row("POST", "/invitations/{token}/accept", "U", "Member"),
    Row("POST", "/invitations/{token}/decline", "U", "{status:declined}"),
    Row("GET", f"{TEAM}/budget", "Tv,R", "TeamBudget"),
    Row("GET", f"{TEAM}/budget", "Tv,R", "TeamBudget", by="head", name="of a team administrator"),
    Row("PATCH", f"{TEAM}/budget", "W", "TeamBudget", body={"maxBudget": 100, "budgetDuration": "monthly"}),
    Row("POST", f"{TEAM}/reset-spend", "W", "Reset", body={"reason": "Again"}),
    Row("POST", f"{TEAM}/analytics", "Tv,R", "Analytics", body={"startDate": "{from}", "endDate": "{today}"}),
    Row("GET", f"{TEAM}/api-keys", "Tv,R", "PageWithTotal(ApiKey)", by="head"),
    Row("POST", f"{TEAM}/api-keys", "Tm", "NewKey", body={"modelIds": ["{model}"]}, status=201, by="head"),
    Row("PATCH", f"{TEAM}/api-keys/{{team_key}}", "Ta,W", "ApiKey", body={"name": "Other"}),
    Row("POST", f"{TEAM}/api-keys/{{team_key}}/rotate", "Ta,W", "{id:uuid, key:str, keyPrefix:str, rotatedAt:ts, "
        "oldPrefix:str, oldKeyValidUntil:ts?, syncStatus:SyncStatus}"),
    Row("DELETE", f"{TEAM}/api-keys/{{team_key}}", "Ta,W", "{message:str, deletedAt:ts}"),
]  # fmt: skip

SHAPES["Change"] = "updated|no_changes|error"
