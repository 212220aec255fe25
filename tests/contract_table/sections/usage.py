"""§8 and §14 usage."""

from tests.contract_table.rows import Row
from tests.contract_table.shapes import SHAPES

SHAPES |= {
    "Counts": "{requests:int, tokens:int, prompt_tokens:int, completion_tokens:int, cost:num}",
    "ModelSum": "Counts & {modelId:str, modelName:str, provider:str}",
    "UserSum": "Counts & {userId:str, username:str, email:str, role:str}",
    "Trend": "{metric:str, current:num, previous:num, percentageChange:num?, direction:up|down|stable}",
    "Day": "Counts & {date:date}",
    "Analytics": "{period:{startDate:date, endDate:date}, totalUsers:int, activeUsers:int, totalRequests:int, "
    "totalTokens:{total:int, prompt:int, completion:int}, totalCost:{total:num, byProvider:{*:num}, byModel:{*:num}, "
    "byUser:{*:num}}, successRate:num?, averageLatency:num?, topMetrics:{topUser:UserSum?, topModel:ModelSum?, "
    "topApiKey:{keyId:str, keyAlias:str, userId:str, username:str, requests:int, tokens:int, cost:num}?}, "
    "trends:{requestsTrend:Trend, costTrend:Trend, usersTrend:Trend, totalTokensTrend:Trend, promptTokensTrend:Trend, "
    "completionTokensTrend:Trend}, dailyUsage:[Day], dailyModelUsage:[{date:date, models:[ModelSum]}], "
    "topModels:[ModelSum], topUsers:[UserSum], "
    "dataQuality:{asOf:ts?, missingDays:[date], unattributedRequests:int, complete:bool, "
    "+trust:any, +differingDays:any}}",
    "Tokens5": "{total:int, prompt:int, completion:int, input:int, output:int}",
    "WidePage": "{data:[any], pagination:{page:int, limit:int, total:int, totalPages:int, hasNext:bool, hasPrevious:bool}}",
    "Totals": "{totalRequests:int, totalTokens:int, totalPromptTokens:int, totalCompletionTokens:int, totalCost:num, "
    "averageLatency:num?, errorRate:num?, successRate:num?}",
}
RANGE = {"startDate": "{from}", "endDate": "{today}"}
PERIOD = "startDate={from}&endDate={today}"

ROWS = [
    Row("GET", "/usage/budget", "U", "{maxBudget:num?, currentSpend:num?, budgetDuration:str?, budgetResetAt:ts?, "
        "softBudget:num?, asOf:ts?}"),
    Row("POST", "/usage/analytics", "U", "Analytics", body=RANGE),
    Row("GET", "/usage/filter-options", "U", "{models:[{id:str, name:str, provider:str}], "
        "apiKeys:[{id:uuid, name:str, keyAlias:str}]}", query=PERIOD),
    Row("GET", "/usage/metrics", "U", "{totalRequests:int, totalTokens:int, totalCost:num, averageResponseTime:num?, "
        "successRate:num?, activeModels:int, topModels:[Counts & {name:str}], dailyUsage:[Day], hourlyUsage:[any], "
        "errorBreakdown:[any]}"),
    Row("GET", "/usage/summary", "U", "{period:{start:any, end:any}, totals:{requests:int, tokens:int, cost:num, "
        "promptTokens:int, completionTokens:int, averageLatency:num?, errorRate:num?, successRate:num?}, "
        "byModel:[{modelId:str, modelName:str, provider:str, requests:int, tokens:int, cost:num, totalRequests:int, "
        "totalTokens:int, totalPromptTokens:int, totalCompletionTokens:int, averageLatency:num?, errorRate:num?, "
        "successRate:num?}], +dataQuality:obj}", query=PERIOD),
    Row("GET", "/usage/timeseries", "U", "{interval:day, data:[{timestamp:any, period:any, startTime:ts, endTime:ts, "
        "requests:int, tokens:int, cost:num, totalRequests:int, totalTokens:int, totalPromptTokens:int, "
        "totalCompletionTokens:int, averageLatency:num?, errorRate:num?, successRate:num?}]}",
        query=f"{PERIOD}&interval=day"),
    Row("GET", "/usage/dashboard", "U", "{summary:{currentPeriod:Totals, previousPeriod:Totals, "
        "percentChange:{requests:num?, tokens:num?}, quotaUtilization:{requests:num?, tokens:num?}}, "
        "topStats:{topModels:[any], recentActivity:[any]}}", query="timeRange=week"),
    Row("GET", "/usage/top", "U", "{topModels:[{modelId:str, modelName:str, totalRequests:int, totalTokens:int}], "
        "recentActivity:[any]}", query="timeRange=month&limit=5"),
    Row("GET", "/usage/export", "U", "file", query="format=csv"),
    Row("GET", "/usage/export", "U", "file", query="format=json", name="JSON"),
    Row("GET", "/usage/admin/global", "R", "{totalMetrics:obj, timeSeriesData:[any], modelBreakdown:[any], "
        "topStats:{topModels:[any], topUsers:[any], recentActivity:[any]}}"),
    Row("POST", "/usage/admin/cleanup", "W", "{message:str, deletedCount:int}", body={"retentionDays": 90}),
    Row("POST", "/usage/admin/cleanup", "W", "{message:str, deletedCount:int} & Dry", query="dryRun=true", name="dry"),
    Row("POST", "/usage/track", "A", "Problem", status=404, name="not offered"),
    # §14
    Row("POST", "/admin/usage/analytics", "R", "Analytics", body=RANGE),
    Row("POST", "/admin/usage/by-user", "R", "WidePage({userId:str, username:str, email:str, role:str, "
        "metrics:{requests:int, tokens:Tokens5, cost:num, models:[any], apiKeys:[{keyId:str, keyAlias:str, requests:int, "
        "tokens:any, cost:num, lastUsed:any?}], lastActive:ts?}})", body=RANGE),
    Row("POST", "/admin/usage/by-model", "R", "WidePage({modelId:str, modelName:str, provider:str, "
        "metrics:{requests:int, tokens:Tokens5, cost:num, users:int, successRate:num?}})", body=RANGE),
    Row("POST", "/admin/usage/by-provider", "R", "WidePage({provider:str, metrics:{requests:int, tokens:Tokens5, "
        "cost:num, models:int, users:int, successRate:num?}})", body=RANGE),
    *(
        Row("POST", f"/admin/usage/by-{name}", "R", f"WidePage({{{fields}, metrics:{{requests:int, tokens:Tokens5, "
            f"cost:num, *:any}}}}){more}", body=RANGE)
        for name, fields, more in (
            ("api-key", "keyId:str, keyAlias:str, *:any", ""), ("team", "teamId:str?, *:any", ""),
            ("day", "date:date, *:any", " & {+dataQuality:obj}"),
        )
    ),
    *(
        Row("POST", "/admin/usage/export", "R", "file", body={**RANGE, "format": form, "groupBy": group},
            name=f"{form} by {group}")
        for form, group in (("csv", "user"), ("json", "model"), ("csv", "team"), ("json", "day"))
    ),
    Row("POST", "/admin/usage/refresh-today", "W", "{message:str, refreshedAt:ts, status:success}"),
    Row("GET", "/admin/usage/filter-options", "U", "{models:[{id:str, name:str, provider:str}], "
        "users:[{userId:uuid, username:str, email:str}]}", query=PERIOD),
    Row("GET", "/admin/usage/filter-options", "U", "{models:[{id:str, name:str, provider:str}], "
        "users:[{userId:uuid, username:str, email:str}]}", query=PERIOD, by="auditor", name="for operators"),
    Row("POST", "/admin/usage/rebuild-cache", "W", "{message:str, rebuiltCount:int, totalEntries:int, status:str, "
        "jobId?:uuid}", body=RANGE),
    Row("POST", "/admin/usage/rebuild-cache", "W", "{message:str, rebuiltCount:int, totalEntries:int, status:str} & Dry",
        body=RANGE, query="dryRun=true", name="dry"),
    Row("GET", "/admin/usage/cache/metrics", "R", "{cacheHits:int, cacheMisses:int, cacheRebuilds:int, "
        "lockAcquisitionSuccesses:int, lockAcquisitionFailures:int, gracePeriodApplications:int, cacheHitRate:num?, "
        "lockContentionRate:num?}"),
]  # fmt: skip
