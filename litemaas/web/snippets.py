"""Ready-made calls of a model in three languages (ui.md §3.8). The key is an environment variable, never a value."""

import json
from dataclasses import dataclass
from typing import Literal

ModelType = Literal["chat", "embeddings", "convert", "tokenize"]

KEY_VARIABLE = "LITEMAAS_API_KEY"


@dataclass(frozen=True)
class Snippet:
    """`slug` is fit for an id; `language` is the name on the tab."""

    slug: str
    language: str
    code: str


def snippets(kind: ModelType, model: str, base_url: str, *, streaming: bool = False) -> list[Snippet]:
    """How to call `model` at `base_url`, the gateway's public address without a slash at the end."""
    curl, python, javascript = _TEMPLATES["chat-streaming" if streaming and kind == "chat" else kind]
    name = json.dumps(model)[1:-1]
    return [
        # The body stands in single quotes, which a shell cannot escape inside them.
        Snippet("curl", "curl", _fill(curl, name.replace("'", "'\\''"), base_url)),
        Snippet("python", "Python", _fill(python, name, base_url)),
        Snippet("javascript", "JavaScript", _fill(javascript, name, base_url)),
    ]


def _fill(template: str, model: str, base_url: str) -> str:
    return (
        template.strip("\n")
        .replace("<base>", base_url)
        .replace("<key>", KEY_VARIABLE)
        .replace("<model>", model)
    )


_CURL_CHAT = """
curl <base>/v1/chat/completions \\
  -H "Authorization: Bearer $<key>" \\
  -H "Content-Type: application/json" \\
  -d '{
    "model": "<model>",
    "messages": [{"role": "user", "content": "Hello"}]
  }'
"""
_PYTHON_CHAT = """
import os
from openai import OpenAI

client = OpenAI(base_url="<base>/v1", api_key=os.environ["<key>"])
answer = client.chat.completions.create(
    model="<model>",
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)
"""
_JAVASCRIPT_CHAT = """
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "<base>/v1", apiKey: process.env.<key> });
const answer = await client.chat.completions.create({
  model: "<model>",
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);
"""
_CURL_STREAM = _CURL_CHAT.replace('"content": "Hello"}]', '"content": "Hello"}],\n    "stream": true')
_PYTHON_STREAM = """
import os
from openai import OpenAI

client = OpenAI(base_url="<base>/v1", api_key=os.environ["<key>"])
stream = client.chat.completions.create(
    model="<model>",
    messages=[{"role": "user", "content": "Hello"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
"""
_JAVASCRIPT_STREAM = """
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "<base>/v1", apiKey: process.env.<key> });
const stream = await client.chat.completions.create({
  model: "<model>",
  messages: [{ role: "user", content: "Hello" }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}
"""
_CURL_EMBEDDINGS = """
curl <base>/v1/embeddings \\
  -H "Authorization: Bearer $<key>" \\
  -H "Content-Type: application/json" \\
  -d '{
    "model": "<model>",
    "input": "The text to embed",
    "encoding_format": "float"
  }'
"""
_PYTHON_EMBEDDINGS = """
import os
from openai import OpenAI

client = OpenAI(base_url="<base>/v1", api_key=os.environ["<key>"])
answer = client.embeddings.create(
    model="<model>",
    input="The text to embed",
    encoding_format="float",
)
print(len(answer.data[0].embedding))
"""
_JAVASCRIPT_EMBEDDINGS = """
import OpenAI from "openai";

const client = new OpenAI({ baseURL: "<base>/v1", apiKey: process.env.<key> });
const answer = await client.embeddings.create({
  model: "<model>",
  input: "The text to embed",
  encoding_format: "float",
});
console.log(answer.data[0].embedding.length);
"""
_CURL_POST = """
curl <base><path> \\
  -H "Authorization: Bearer $<key>" \\
  -H "Content-Type: application/json" \\
  -d '<body>'
"""
_PYTHON_POST = """
import os
import requests

answer = requests.post(
    "<base><path>",
    headers={"Authorization": f"Bearer {os.environ['<key>']}"},
    json=<body>,
    timeout=300,
)
answer.raise_for_status()
print(answer.json())
"""
_JAVASCRIPT_POST = """
const answer = await fetch("<base><path>", {
  method: "POST",
  headers: {
    Authorization: `Bearer ${process.env.<key>}`,
    "Content-Type": "application/json",
  },
  body: JSON.stringify(<body>),
});
console.log(await answer.json());
"""


def _post(path: str, body: str) -> tuple[str, str, str]:
    """The same JSON body is a valid literal in all three languages."""
    templates = (_CURL_POST, _PYTHON_POST, _JAVASCRIPT_POST)
    curl, python, javascript = (text.replace("<path>", path).replace("<body>", body) for text in templates)
    return curl, python, javascript


_TEMPLATES: dict[str, tuple[str, str, str]] = {
    "chat": (_CURL_CHAT, _PYTHON_CHAT, _JAVASCRIPT_CHAT),
    "chat-streaming": (_CURL_STREAM, _PYTHON_STREAM, _JAVASCRIPT_STREAM),
    "embeddings": (_CURL_EMBEDDINGS, _PYTHON_EMBEDDINGS, _JAVASCRIPT_EMBEDDINGS),
    "convert": _post(
        "/docling/v1/convert/source",
        '{"model": "<model>", "sources": [{"kind": "http", "url": "https://example.org/file.pdf"}], '
        '"options": {"image_export_mode": "placeholder"}}',
    ),
    "tokenize": _post("/utils/token_counter", '{"model": "<model>", "prompt": "The text to count"}'),
}
