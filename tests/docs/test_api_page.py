"""The examples of docs/api are run as they stand in the page, against a running portal and a gateway."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from accounts.models import SYSTEM
from catalog.sync import sync_models
from tests.factories import PASSWORD, UserFactory

PAGE = Path(__file__).resolve().parents[2] / "docs" / "api" / "README.md"
MODEL = "gpt-4o-mini"


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


def test_there_are_ten_tasks_each_in_both_languages():
    tasks = re.split(r"^## \d+\. ", PAGE.read_text(), flags=re.M)[1:]
    assert len(tasks) == 10
    assert all("```sh\n" in task and "```python\n" in task for task in tasks)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("language", "command"), [("sh", ["bash", "-euo", "pipefail", "-c"]), ("python", [sys.executable, "-c"])]
)
def test_the_examples_run_as_they_stand(live_server, gateway, settings, language, command):
    settings.LITELLM_PUBLIC_URL = gateway.url
    UserFactory.create(username="reader", signs_in=True)
    sync_models(actor=SYSTEM, trigger="test")
    environment = {
        "PATH": os.environ["PATH"],
        "LITEMAAS_URL": live_server.url,
        "LITEMAAS_USER": "reader",
        "LITEMAAS_PASSWORD": PASSWORD,
        "MODEL": MODEL,
    }
    done = subprocess.run(
        [*command, "\n".join(blocks(language))], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "inactive" in done.stdout
    assert "deleted" in done.stdout
