"""What Prometheus reads, and what operators read of the health (contract §3)."""

import os
import subprocess
import sys

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import ApiClient

TOKEN = "scrape-me-with-this-token"


def read(answer):
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("path", ["health/metrics", "metrics", "/metrics", "/health/metrics"])
def test_operators_and_the_scrape_token_read_the_same(auditor, settings, path):
    settings.METRICS_TOKEN = TOKEN
    scraper = ApiClient()
    scraper.headers["Authorization"] = f"Bearer {TOKEN}"
    for client in (auditor, scraper):
        found = read(client.get(path))
        assert found["litemaas_part_up", "database"] == 1
        assert found["litemaas_part_up", "litellm"] == 0
        assert found["litemaas_rows", "users"] == 1
        assert found["litemaas_jobs_open", "queued"] == 0


def test_nobody_else_does(anonymous, api, settings):
    assert anonymous.get("metrics").status_code == 401
    assert api.get("metrics").status_code == 403
    # Without a token in the settings none is right, not even an empty one.
    anonymous.headers["Authorization"] = "Bearer "
    assert anonymous.get("metrics").status_code == 401
    settings.METRICS_TOKEN = TOKEN
    anonymous.headers["Authorization"] = f"Bearer {TOKEN}x"
    assert anonymous.get("metrics").status_code == 401


def test_the_scrape_token_opens_nothing_else(anonymous, settings, db):
    settings.METRICS_TOKEN = TOKEN
    anonymous.headers["Authorization"] = f"Bearer {TOKEN}"
    assert anonymous.get("health/status").status_code == 401
    assert anonymous.get("users").status_code == 401


PROGRAM = """
import os, django
django.setup()
from django.http import HttpResponse
from django.test import RequestFactory
from litemaas.metrics import CountingMiddleware, counted
answer = CountingMiddleware(lambda request: HttpResponse(status=204))
children = []
for _ in range(3):
    child = os.fork()
    if not child:
        answer(RequestFactory().generic("BREW", "/api/v1/anything"))
        answer(RequestFactory().get("/x"))
        os._exit(0)
    os.waitpid(child, 0)
print(counted().get_sample_value("litemaas_http_requests_total", {"method": "GET", "route": "none", "status": "204"}))
print(counted().get_sample_value("litemaas_http_requests_total", {"method": "other", "route": "none", "status": "204"}))
print(counted().get_sample_value("litemaas_http_request_duration_seconds_count", {"route": "none"}))
"""


def test_all_processes_of_a_server_count_together(tmp_path):
    environment = {**os.environ, "METRICS_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "litemaas.settings"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["3.0", "3.0", "6.0"]


def test_the_status_tells_operators_all_parts_and_no_secret(auditor, api, settings):
    assert api.get("health/status").status_code == 403
    answer = auditor.get("health/status")
    found = answer.json()
    assert found["services"]["database"]["status"] == "healthy"
    assert found["services"]["litellm"]["status"] == "unhealthy"
    assert found["services"]["litellm"]["responseTime"] is None
    assert found["metrics"]["totalUsers"] == 2
    assert found["configuration"]["environment"] == "development"
    for secret in (settings.LITELLM_API_KEY, settings.SECRET_KEY, settings.DATABASES["default"]["PASSWORD"]):
        assert secret not in answer.text
