"""Loading one address with wrk."""

import json
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_MILLISECONDS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True)
class Case:
    """An address to load. `target` is the requests per second to reach at 32 connections, if there is one.

    `who` names the tokens that are used in turn. `posts` makes the n-th body of a POST; no two of a run are the same.
    `delay` is what the gateway waits before each answer, in seconds, where one is there.
    """

    name: str
    path: str
    signed_in: bool = True
    target: int | None = None
    who: str = "people"
    posts: Callable[[int], dict[str, Any]] | None = None
    delay: float = 0


@dataclass(frozen=True)
class Result:
    """`p50` and `p99` in milliseconds; `failed` counts answers that were no success, and broken connections."""

    requests: int
    per_second: float
    p50: float
    p99: float
    failed: int


# As long as the contract's front end waits; wrk's own two seconds call an answer to a queue of 32 a failure.
_PATIENCE = ("--timeout", "30s")
# More than a run can use up, per second of it.
_BODIES_PER_SECOND = 1_500


def run(
    url: str,
    case: Case,
    tokens: Mapping[str, list[str]],
    *,
    connections: int,
    seconds: int,
    first: int = 0,
) -> Result:
    """Load the address with many people's tokens in turn; bodies are made from number `first` on.

    Raises SystemExit when wrk can't be understood.
    """
    threads = min(2, connections)
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_script(case, tokens.get(case.who, []), seconds, first))
        script.flush()
        shape = (
            f"-t{threads}",
            f"-c{connections}",
            f"-d{seconds}s",
            "--latency",
            *_PATIENCE,
            "-s",
            script.name,
        )
        told = subprocess.run(["wrk", *shape, url + case.path], capture_output=True, text=True, check=True)
    return _read(told.stdout)


def bodies_of(seconds: int) -> int:
    """How many bodies a run of so many seconds takes at most."""
    return _BODIES_PER_SECOND * seconds


def _script(case: Case, tokens: list[str], seconds: int, first: int) -> str:
    if not case.signed_in:
        return ""
    listed = ",\n".join(f'"Bearer {token}"' for token in tokens)
    if case.posts is None:
        return f"""local tokens = {{{listed}}}
local turn = 0
request = function()
  turn = turn % #tokens + 1
  return wrk.format("GET", nil, {{["Authorization"] = tokens[turn]}})
end
"""
    bodies = ",\n".join(f"[[{json.dumps(case.posts(n))}]]" for n in range(first, first + bodies_of(seconds)))
    # Each of wrk's threads takes every second body, so that none is sent twice.
    return f"""local tokens = {{{listed}}}
local bodies = {{{bodies}}}
local threads = 0
setup = function(thread)
  thread:set("turn", threads - 1)
  threads = threads + 1
end
request = function()
  turn = turn + 2
  local place = turn % #bodies
  local headers = {{["Authorization"] = tokens[place % #tokens + 1], ["Content-Type"] = "application/json"}}
  return wrk.format("POST", nil, headers, bodies[place + 1])
end
"""


def _read(told: str) -> Result:
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    count = re.search(r"(\d+) requests in", told)
    if rate is None or count is None:
        raise SystemExit(f"wrk said nothing that can be read:\n{told}")
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", told)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", told)
    failed = int(refused[1]) if refused else 0
    failed += sum(map(int, broken.groups())) if broken else 0
    return Result(int(count[1]), float(rate[1]), _percentile(told, 50), _percentile(told, 99), failed)


def _percentile(told: str, share: int) -> float:
    found = re.search(rf"^\s+{share}%\s+([\d.]+)(us|ms|s|m)\s*$", told, re.M)
    if found is None:
        raise SystemExit(f"wrk did not tell the {share}th percentile:\n{told}")
    return float(found[1]) * _MILLISECONDS[found[2]]
