"""The list of variables in docs/configuration.md is complete, and holds nothing that is gone."""

import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
READ = re.compile(r'\benv\.\w+\(\s*"([A-Z][A-Z0-9_]+)"')


def test_every_variable_of_the_settings_is_described():
    sources = "".join(
        (PROJECT / "litemaas" / name).read_text() for name in ("settings.py", "identity_providers.py")
    )
    described = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (PROJECT / "docs" / "configuration.md").read_text()))
    read = set(READ.findall(sources))
    assert len(read) > 60
    assert read - described == set()
