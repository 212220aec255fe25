"""The models that the simulated gateway starts with: a dozen that differ in all that a catalogue must cope
with.

Prices are US dollars per token, in the range that providers ask; names are of models that exist. A deployment
without prices or context length says nothing about them, as LiteLLM does for models that its cost map doesn't
know.
"""

from typing import Any

from litellm_sync.simulated.shapes import Json


def deployment(model_name: str, model: str, *, params: Json | None = None, **info: Any) -> Json:
    """One deployment as a configuration file gives it: `model` is "provider/name"."""
    return {
        "model_name": model_name,
        "litellm_params": {"model": model, **(params or {})},
        "model_info": {"db_model": False, **info},
    }


def priced(per_million_in: float, per_million_out: float | None = None) -> Json:
    """Costs per token from the usual price per million, rounded to the nearest such float."""
    costs = {"input_cost_per_token": round(per_million_in / 1e6, 15)}
    if per_million_out is not None:
        costs["output_cost_per_token"] = round(per_million_out / 1e6, 15)
    return costs


_TOOLS = {
    "supports_function_calling": True,
    "supports_parallel_function_calling": True,
    "supports_tool_choice": True,
}

DEPLOYMENTS: list[Json] = [
    deployment(
        "gpt-4o",
        "openai/gpt-4o",
        params=priced(2.5, 10.0),
        id="openai-gpt-4o",
        mode="chat",
        max_input_tokens=128_000,
        max_output_tokens=16_384,
        supports_vision=True,
        supports_response_schema=True,
        description="A general model for text and images, strong at tools and structured answers.",
        **_TOOLS,
    ),
    deployment(
        "gpt-4o-mini",
        "openai/gpt-4o-mini",
        params=priced(0.15, 0.6),
        id="openai-gpt-4o-mini",
        mode="chat",
        max_input_tokens=128_000,
        max_output_tokens=16_384,
        supports_vision=True,
        supports_response_schema=True,
        description="Small, quick and cheap; a good first choice for drafts, summaries and classification.",
        **_TOOLS,
    ),
    deployment(
        "claude-sonnet-4",
        "anthropic/claude-sonnet-4-20250514",
        params=priced(3.0, 15.0),
        id="anthropic-claude-sonnet-4",
        mode="chat",
        max_input_tokens=200_000,
        max_output_tokens=64_000,
        supports_vision=True,
        supports_reasoning=True,
        supports_prompt_caching=True,
        cache_read_input_token_cost=3e-07,
        restricted=True,
        description="Long documents, careful reasoning and code. Needs an approval before it can be used.",
        **_TOOLS,
    ),
    # Two providers under one public name, at different prices.
    deployment(
        "llama-3.3-70b-instruct",
        "fireworks_ai/accounts/fireworks/models/llama-v3p3-70b-instruct",
        params=priced(0.9, 0.9),
        id="fireworks-llama-3.3-70b",
        mode="chat",
        max_input_tokens=131_072,
        max_output_tokens=16_384,
        description="Meta's open model for conversation and tools, served by two providers.",
        **_TOOLS,
    ),
    deployment(
        "llama-3.3-70b-instruct",
        "groq/llama-3.3-70b-versatile",
        params=priced(0.59, 0.79),
        id="groq-llama-3.3-70b",
        mode="chat",
        max_input_tokens=128_000,
        max_output_tokens=32_768,
        description="Meta's open model for conversation and tools, served by two providers.",
        **_TOOLS,
    ),
    deployment(
        "mistral-small-3.2",
        "mistral/mistral-small-latest",
        params=priced(0.1, 0.3),
        id="mistral-small-3.2",
        mode="chat",
        max_input_tokens=128_000,
        max_output_tokens=8_192,
        supports_vision=True,
        description="A European model with open weights: quick answers, images, many languages.",
        **_TOOLS,
    ),
    deployment(
        "deepseek-r1",
        "deepseek/deepseek-reasoner",
        params=priced(0.55, 2.19),
        id="deepseek-r1",
        mode="chat",
        max_input_tokens=65_536,
        max_output_tokens=8_192,
        supports_reasoning=True,
        description="Thinks before it answers: mathematics, planning and hard questions about code.",
    ),
    deployment(
        "qwen2.5-coder-32b",
        "together_ai/Qwen/Qwen2.5-Coder-32B-Instruct",
        params=priced(0.8, 0.8),
        id="together-qwen2.5-coder-32b",
        mode="chat",
        max_input_tokens=32_768,
        max_output_tokens=8_192,
        description="Writes, completes and explains code in about ninety languages.",
    ),
    deployment(
        "ibm-granite/granite-3.3-8b-instruct",
        "hosted_vllm/ibm-granite/granite-3.3-8b-instruct",
        params=priced(0.06, 0.25),
        id="vllm-granite-3.3-8b",
        mode="chat",
        max_input_tokens=131_072,
        max_output_tokens=8_192,
        supports_function_calling=True,
        description="IBM's open model, run in our own data centre: retrieval, extraction, tools.",
    ),
    # Nobody told the gateway what this one costs.
    deployment(
        "gemma-3-27b-it",
        "hosted_vllm/google/gemma-3-27b-it",
        id="vllm-gemma-3-27b",
        mode="chat",
        max_input_tokens=131_072,
        supports_vision=True,
        description="Google's open model for text and images, run in our own data centre.",
    ),
    # Neither prices nor a context length, nor what kind of model it is.
    deployment(
        "house-assistant",
        "hosted_vllm/house-assistant-lora",
        id="vllm-house-assistant",
        description="A small model that was tuned on our own handbook.",
    ),
    deployment(
        "text-embedding-3-small",
        "openai/text-embedding-3-small",
        params=priced(0.02, 0.0),
        id="openai-text-embedding-3-small",
        mode="embedding",
        max_input_tokens=8_191,
        output_vector_size=1_536,
        description="Turns text into vectors for search, grouping and recommendations.",
    ),
    deployment(
        "bge-m3",
        "hosted_vllm/BAAI/bge-m3",
        params=priced(0.01),
        id="vllm-bge-m3",
        mode="embedding",
        max_input_tokens=8_192,
        output_vector_size=1_024,
        description="Open embeddings for more than a hundred languages, run in our own data centre.",
    ),
    # Called by a path of its own, and priced by nothing that LiteLLM counts.
    deployment(
        "granite-docling",
        "openai/docling",
        id="docling-serve",
        supports_convert=True,
        description="Turns documents on the web into Markdown: headings, tables and lists stay what they are.",
    ),
]
