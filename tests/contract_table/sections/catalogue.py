"""§5 models, §12 models as administrators change them."""

from tests.contract_table.rows import Row
from tests.contract_table.shapes import SHAPES

SHAPES |= {
    "Capability": "chat|embeddings|convert|tokenize|vision|function_calling|parallel_function_calling|tool_choice",
    "Model": "{id:str, name:str, provider:str, description:str, capabilities:[Capability], contextLength:int?, "
    "pricing:{input:num?, output:num?, unit:per_token}?, isActive:bool, restrictedAccess:bool, createdAt:ts, "
    "updatedAt:ts, inputCostPerToken:num?, outputCostPerToken:num?, tpm:int?, rpm:int?, maxTokens:int?, "
    "supportsVision:bool, supportsFunctionCalling:bool, supportsParallelFunctionCalling:bool, supportsToolChoice:bool, "
    "supportsChat:bool, supportsEmbeddings:bool, supportsTokenize:bool, supportsConvert:bool, "
    "modelType:chat|embeddings|convert, availability:available|unavailable, subscriptionStatus:str?}",
    "OperatorsModel": "Model & {apiBase:str?, backendModelName:str?, litellmModelId:str?, "
    "+isManagedHere:bool, +retiredAt:ts?}",
    "Synced": "{success:bool, totalModels:int, newModels:int, updatedModels:int, unavailableModels:int, errors:[str], "
    "syncedAt:ts, restoredModels:int}",
    "Affected": "{users:int, subscriptions:int, apiKeys:int, models:int, samples:[{type:str, id:str, label:str}]}",
    "Dry": "{dryRun:true, affected:Affected}",
}
FORM = {
    "model_name": "contract/new", "backend_model_name": "gpt-4o", "api_base": "https://models.example/v1",
    "api_key": "provider-secret", "input_cost_per_token": 0.000001, "output_cost_per_token": 0, "tpm": 1000, "rpm": 10,
    "max_tokens": 4096, "supports_vision": True, "supports_function_calling": False,
    "supports_parallel_function_calling": False, "supports_tool_choice": False, "restrictedAccess": True,
}  # fmt: skip

ROWS = [
    Row("GET", "/models", "U", "Page(Model)", query="limit=1000"),
    Row("GET", "/models", "U", "Page(OperatorsModel)", query="isActive=all", by="auditor", name="for operators"),
    Row("GET", "/models/{model}", "U", "Model & {metadata:obj}"),
    Row("GET", "/models/{slashed}", "U", "Model & {metadata:obj}", name="with a slash in its id"),
    Row("GET", "/models/{model}", "U", "OperatorsModel & {metadata:obj}", by="auditor", name="for operators"),
    Row("GET", "/models/providers", "U", "{providers:[{name:str, displayName:str, modelCount:int, capabilities:[Capability]}]}"),
    Row("GET", "/models/capabilities", "U", "{capabilities:[{name:Capability, displayName:str, description:str, modelCount:int}]}"),
    Row("GET", "/models/health", "U", "{status:healthy|warning|error, lastSync:ts?, modelsCount:int, "
        "litellmConnected:bool, issues:[str]}"),
    Row("POST", "/models/refresh", "W", "{message:str, modelsCount:int, refreshedAt:ts}"),
    Row("POST", "/models/sync", "W", "Synced"),
    Row("POST", "/models/sync", "W", "Synced & Dry", query="dryRun=true", name="dry"),
    Row("POST", "/admin/sync/models", "W", "{syncId:str, startedAt:ts, completedAt:ts?, results:{modelsAdded:int, "
        "modelsUpdated:int, modelsRemoved:int, total:int}}"),
    Row("GET", "/models/sync/stats", "U", "{totalModels:int, availableModels:int, unavailableModels:int, lastSyncAt:ts?}"),
    Row("GET", "/models/validate", "R", "{validModels:int, invalidModels:[str], orphanedSubscriptions:int}"),
    # §12
    Row("POST", "/admin/models/test", "W", "{success:bool, result:model_found|model_not_found|endpoint_reachable|"
        "auth_error|connection_error|timeout|missing_stored_key, message:str, availableModels?:[str]}",
        body={"api_base": "{refused_address}", "backend_model_name": "x", "api_key": "y"}),
    Row("POST", "/admin/models", "W", "{success:true, message:str, model:{id:str, model_name:str, created_at:ts}, "
        "syncStatus?:SyncStatus}", body=FORM, status=201),
    Row("PUT", "/admin/models/{managed}", "W", "{success:true, message:str, model:{id:str, model_name:str, "
        "updated_at:ts}, syncStatus?:SyncStatus}", body={"description": "New", "restrictedAccess": True}),
    Row("PUT", "/admin/models/{managed}", "W", "{success:true, message:str, model:{id:str, model_name:str, "
        "updated_at:ts}, syncStatus?:SyncStatus} & Dry", body={"restrictedAccess": True}, query="dryRun=true",
        name="dry"),
    Row("DELETE", "/admin/models/{managed}", "W", "{success:true, message:str, syncStatus?:SyncStatus}"),
    Row("DELETE", "/admin/models/{managed}", "W", "{success:true, message:str, syncStatus?:SyncStatus} & Dry",
        query="dryRun=true", name="dry"),
]  # fmt: skip

SHAPES["SyncStatus"] = "synced|pending|error"
