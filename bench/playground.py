"""`python -m bench.playground`: what the portal adds to each chunk of a streamed answer, and takes from other requests.

A small server plays the gateway (`bench.streams`). The time from there to the listener is measured once without the
portal and once through it; the first chunk of each answer, which waits for its beginning, apart from the others.
"""

import argparse
import os
import statistics
import sys
from typing import Any

from bench import servers, streams

_MODEL = "bench/chat"
_ADDRESS = "/api/v1/playground/chat/completions"


def _seed(people: int) -> list[tuple[dict[str, str], str]]:
    """Headers and key of each person."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from accounts.models import User
    from accounts.tokens import issue_tokens
    from apikeys import secrets
    from apikeys.models import ApiKey, ApiKeyModel
    from catalog.models import Model
    from subscriptions.models import Subscription

    call_command("migrate", verbosity=0)
    now = timezone.now()
    model = Model.objects.create(
        id=_MODEL, provider="bench", capabilities=["chat"], created_at=now, updated_at=now
    )
    found = []
    for number in range(people):
        user = User.objects.create(username=f"listener{number}", email=f"l{number}@example.com", password="!")  # noqa: S106
        Subscription.objects.create(
            user=user, model=model, status="active", quota_requests=1, quota_tokens=1, status_changed_at=now,
            created_at=now, updated_at=now,
        )  # fmt: skip
        key = ApiKey(owner=user, name="k", created_at=now, updated_at=now)
        key.alias = f"portal-{key.pk}"
        row = secrets.secret_row(key, secrets.new_secret(), now=now)
        key.save()
        row.save()
        ApiKeyModel.objects.create(api_key=key, model=model)
        token = issue_tokens(user, signed_in_at=now)["access_token"]
        found.append(({"Authorization": f"Bearer {token}"}, str(key.pk)))
    return found


def _row(name: str, heard: streams.Heard, count: int) -> str:
    def figures(values: list[float]) -> str:
        if not values:
            return "– | –"
        ordered = sorted(values)
        return f"{statistics.median(ordered):.1f} | {ordered[int(len(ordered) * 0.99)]:.1f}"

    every = heard.first + heard.later
    cpu = f"{1000 * heard.cpu_began / count:.1f} | {1000 * heard.cpu_later / max(1, len(heard.later)):.3f}"
    return (
        f"| {name} | {count} | {len(every):,} | {figures(every)} | {figures(heard.later)} "
        f"| {statistics.median(heard.first):.1f} | {cpu} | {figures(heard.waits)} |"
    )


def _measure(url: str, web: servers.Web, people: list[Any], count: int, direct: str | None) -> streams.Heard:
    body = {"model": _MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    callers = [people[number % len(people)] for number in range(count)]
    calls = [(direct or url + _ADDRESS, headers, {**body, "apiKeyId": key}) for headers, key in callers]
    return streams.listen(calls, (f"{url}/api/v1/auth/me", people[0][0]), web.cpu_seconds)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.playground", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each stream (5)")
    parser.add_argument(
        "--streams", type=int, nargs="*", default=[1, 10, 50], help="at the same time (1 10 50)"
    )
    arguments = parser.parse_args()
    with servers.backing() as environment, streams.gateway(arguments.seconds) as gateway:
        os.environ.update(environment, LITELLM_API_URL=gateway, RATE_LIMITS="off")
        people = _seed(7)
        print(
            "| Way | Streams | Chunks | All p50 ms | p99 ms | Without the first p50 ms | p99 ms | First p50 ms "
            "| CPU ms per beginning | per chunk | auth/me p50 ms | p99 ms |\n"
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
        )
        with servers.web() as web:
            _measure(web.url, web, people, 10, None)  # what is loaded and remembered with the first requests
            for count in arguments.streams:
                for name, address in (("direct", f"{gateway}/v1/chat/completions"), ("portal", None)):
                    print(_row(name, _measure(web.url, web, people, count, address), count), flush=True)
            print(f"\nResident memory of the web server afterwards: {web.memory():.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
