"""`make fuzz`: Schemathesis over the OpenAPI document, against a running portal, as each role in turn.

Starts its own PostgreSQL, Valkey, simulated gateway and web server. Ends with 1 when something was found.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench import servers

# What ends the session that the run lives from.
_ENDS_ITSELF = "/(logout|sessions|revoke-sessions|blacklist|rotate|callback|handover|mock-login|dev-token)"
_CHECKS = "nothing_breaks,nothing_is_shown_of_others,response_schema_conformance,content_type_conformance"
_ROLES = ("anonymous", "user", "auditor", "admin")


@dataclass(frozen=True)
class Scene:
    """Access tokens by role, and marks of a person who is none of them."""

    tokens: dict[str, str]
    foreign: list[str]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=600, help="for each role (600)")
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--examples", type=int, default=50, help="at most, per operation and phase (50)")
    parser.add_argument("--phases", default="examples,coverage,fuzzing", help="Schemathesis' phases")
    parser.add_argument("--roles", default=",".join(_ROLES))
    arguments = parser.parse_args()
    with servers.backing() as environment, _gateway() as gateway:
        os.environ.update(environment | gateway | {"RATE_LIMITS": "off", "ALLOWED_HOSTS": "127.0.0.1"})
        scene = _scene()
        with servers.web() as web:
            found = [
                role for role in arguments.roles.split(",") if not _is_clean(web.url, role, scene, arguments)
            ]
    print(f"Found something as: {', '.join(found)}." if found else "Nothing found.", flush=True)
    return 1 if found else 0


def _is_clean(url: str, role: str, scene: Scene, arguments: argparse.Namespace) -> bool:
    print(f"--- as {role}", flush=True)
    shape = ("--seed", str(arguments.seed), "--max-examples", str(arguments.examples))
    limits = ("--max-time", str(arguments.seconds), "--request-timeout", "20", "--workers", "2")
    quiet = (
        "--no-color",
        "--warnings",
        "off",
        "--suppress-health-check",
        "all",
        "--generation-database",
        "none",
    )
    # Writes go through with POST bodies that the document describes; made-up ids end as 404.
    where = ("--exclude-path-regex", _ENDS_ITSELF, "--phases", arguments.phases, "--no-shrink")
    who = ("--header", f"Authorization: Bearer {scene.tokens[role]}") if role in scene.tokens else ()
    command = [
        str(Path(sys.executable).parent / "schemathesis"),
        "run",
        f"{url}/openapi.json",
        "--checks",
        _CHECKS,
    ]
    # Operators see everybody's things.
    foreign = scene.foreign if role in {"anonymous", "user"} else []
    hooks = {"SCHEMATHESIS_HOOKS": "tests.fuzz.checks", "FUZZ_FOREIGN": ",".join(foreign)}
    done = subprocess.run(
        [*command, *shape, *limits, *quiet, *where, *who], env=os.environ | hooks | {"PYTHONPATH": os.getcwd()},
        check=False,
    )  # fmt: skip
    return done.returncode == 0


def _scene() -> Scene:
    # The settings are read when Django starts, so nothing of it is imported before the environment is set.
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from accounts.models import SYSTEM
    from accounts.services import register_user
    from accounts.tokens import issue_tokens
    from apikeys.services import issue_api_key
    from catalog.models import Model
    from subscriptions.models import Subscription
    from subscriptions.services.subscribing import subscribe

    call_command("migrate", verbosity=0)
    now = timezone.now()
    call_command("sync_models", verbosity=0)
    roles = {
        "user": ["user"],
        "auditor": ["admin-readonly", "user"],
        "admin": ["admin", "user"],
        "other": ["user"],
    }
    people = {
        name: register_user(
            actor=SYSTEM, username=f"fuzz-{name}", email=f"fuzz-{name}@example.com", roles=kinds, now=now
        )
        for name, kinds in roles.items()
    }
    model = Model.objects.filter(restricted_access=False).order_by("pk").first()
    foreign = [str(people["other"].pk), people["other"].username]
    for name in ("user", "other"):
        subscribe(actor=people[name], model_id=model.pk, now=now)
        key = issue_api_key(actor=people[name], model_ids=[model.pk], now=now).key
        if name == "other":
            foreign += [str(key.pk), str(Subscription.objects.get(user=people[name]).pk)]
    tokens = {
        name: issue_tokens(people[name], signed_in_at=now)["access_token"]
        for name in _ROLES
        if name in people
    }
    return Scene(tokens, foreign)


@contextmanager
def _gateway() -> Iterator[dict[str, str]]:
    """The simulated gateway, and the settings that lead to it."""
    from litellm_sync.simulated import SimulatedGateway

    with SimulatedGateway() as gateway:
        yield {"LITELLM_API_URL": gateway.url, "LITELLM_API_KEY": gateway.master_key}


if __name__ == "__main__":
    sys.exit(main())
