"""`make fuzz`: Schemathesis over the OpenAPI document, against a running portal, as each role in turn.

Starts its own PostgreSQL, Valkey, simulated gateway and web server. Ends with 1 when something was found.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import servers

# What ends the session that the run lives from, and what is not there outside of development.
_LEFT_OUT = "/auth/(logout|sessions|token/(rotate|blacklist)|callback|mock-|dev-token)|/revoke-sessions"
_CONFIG = Path(__file__).with_name("schemathesis.toml")
# 502 to 504 are answers of the contract, and a check of ours knows whose things must not be shown. That whatever fits the
# document is accepted can't be asked: values have to fit each other, names must be free, addresses allowed.
_EXCLUDED = "not_a_server_error,object_level_authorization,positive_data_acceptance"
_ROLES = ("anonymous", "user", "auditor", "admin")
_MAKERS = {"user", "admin"}


@dataclass(frozen=True)
class Scene:
    """Access tokens by role, marks of a person who is none of them, and a model that all are subscribed to."""

    tokens: dict[str, str]
    foreign: list[str]
    model: str


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument(
        "--seconds", type=int, default=600, help="for each role, and as much for its chains (600)"
    )
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--examples", type=int, default=50, help="at most, per operation and phase (50)")
    parser.add_argument(
        "--chains", type=int, default=0, help="so many, however long they take (as time allows)"
    )
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful", help="Schemathesis' phases")
    parser.add_argument("--exclude", default=_EXCLUDED, help="checks not to make")
    parser.add_argument("--roles", default=",".join(_ROLES))
    arguments = parser.parse_args()
    with servers.backing() as environment, _gateway() as gateway:
        os.environ.update(environment | gateway | {"RATE_LIMITS": "off", "ALLOWED_HOSTS": "127.0.0.1"})
        scene = _scene()
        with servers.web() as web:
            found = [
                f"{role} ({phases})"
                for role in arguments.roles.split(",")
                for phases in _runs(role, arguments.phases)
                if not _is_clean(web.url, role, phases, scene, arguments)
            ]
    print(f"Found something as: {', '.join(found)}." if found else "Nothing found.", flush=True)
    return 1 if found else 0


def _runs(role: str, phases: str) -> list[str]:
    """Chains have a run and a time of their own, as whoever can make things."""
    wanted = phases.split(",")
    single = ",".join(phase for phase in wanted if phase != "stateful")
    chains = "stateful" if "stateful" in wanted and role in _MAKERS else ""
    return [run for run in (single, chains) if run]


def _measure(phases: str, arguments: argparse.Namespace) -> dict[str, str]:
    """How much is done: as much on a slow machine as on a fast one if chains are counted."""
    if phases == "stateful" and arguments.chains:
        return {"--max-examples": str(arguments.chains)}
    return {"--max-examples": str(arguments.examples), "--max-time": str(arguments.seconds)}


def _is_clean(url: str, role: str, phases: str, scene: Scene, arguments: argparse.Namespace) -> bool:
    print(f"--- {phases} as {role}", flush=True)
    # Operators see everybody's things.
    foreign = scene.foreign if role in {"anonymous", "user"} else []
    who = ("--header", f"Authorization: Bearer {scene.tokens[role]}") if role in scene.tokens else ()
    with TemporaryDirectory() as place:
        figures, report = Path(place) / "figures.json", Path(place) / "report.json"
        options = {
            "--phases": phases,
            "--seed": str(arguments.seed),
            **_measure(phases, arguments),
            "--request-timeout": "20",
            # Before 3.11.8 Python's parser counts its depth for all threads together (gh-106905): Hypothesis
            # parses lambdas, and fails now and then if two threads do.
            "--workers": "1",
            "--checks": "all",
            "--exclude-checks": arguments.exclude,
            "--generation-allow-x00": "false",
            "--exclude-path-regex": _LEFT_OUT,
            "--warnings": "off",
            "--suppress-health-check": "all",
            "--generation-database": "none",
            "--report-json-path": str(report),
        }
        done = subprocess.run(
            [
                *(str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(_CONFIG), "run"),
                *(f"{url}/openapi.json", "--no-color", "--no-shrink", "--continue-on-failure", *who),
                *(part for option in options.items() for part in option),
            ],
            env=os.environ
            | {"SCHEMATHESIS_HOOKS": "tests.fuzz.checks", "FUZZ_FOREIGN": ",".join(foreign)}
            | {"FUZZ_MODEL": scene.model, "FUZZ_FIGURES": str(figures), "PYTHONPATH": os.getcwd()},
            check=False,
        )
        _tell(f"{phases} as {role}", figures, report)
    return done.returncode == 0


def _tell(run: str, figures: Path, report: Path) -> None:
    """One line of figures, as `docs/api/conformance.md` has them."""
    if figures.exists() and report.exists():
        counted, told = json.loads(figures.read_text()), json.loads(report.read_text())
        operations, cases = told["operations"], told["test_cases"]
        print(
            f"{run}: {operations['tested']} of {operations['selected']} operations, {cases['generated']} cases,"
            f" {sum(counted['by link'].values())} steps by {counted['links']} links,"
            f" {cases['unique_failures']} findings; answers {counted['answers']}, by a link {counted['by link']}",
            flush=True,
        )


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
    for name in people:
        subscribe(actor=people[name], model_id=model.pk, now=now)
        key = issue_api_key(actor=people[name], model_ids=[model.pk], now=now).key
        if name == "other":
            foreign += [str(key.pk), str(Subscription.objects.get(user=people[name]).pk)]
    tokens = {
        name: issue_tokens(people[name], signed_in_at=now)["access_token"]
        for name in _ROLES
        if name in people
    }
    return Scene(tokens, foreign, model.pk)


@contextmanager
def _gateway() -> Iterator[dict[str, str]]:
    """The simulated gateway, and the settings that lead to it."""
    from litellm_sync.simulated import SimulatedGateway

    with SimulatedGateway() as gateway:
        yield {"LITELLM_API_URL": gateway.url, "LITELLM_API_KEY": gateway.master_key}


if __name__ == "__main__":
    sys.exit(main())
