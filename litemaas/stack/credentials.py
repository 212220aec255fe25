"""Passwords and keys of the embedded stack: made once, kept 0600 below var/; only the demo one is printed."""

import base64
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


def _password() -> str:
    return secrets.token_urlsafe(32)


def _gateway_key() -> str:
    return f"sk-{secrets.token_urlsafe(32)}"


def _encryption_key() -> str:
    """One entry of ENCRYPTION_KEYS: a name and 32 random bytes (litemaas/crypto.py)."""
    return f"embedded:{base64.b64encode(os.urandom(32)).decode()}"


def _demo_password() -> str:
    """Short enough to type, long enough for the password rules."""
    return "-".join(secrets.token_hex(2) for _ in range(4))


@dataclass(frozen=True)
class Credentials:
    """Every value is read from `folder`, and made there when it is missing."""

    folder: Path

    @property
    def postgres(self) -> str:
        return self._kept("postgres_password", _password)

    @property
    def valkey(self) -> str:
        return self._kept("valkey_password", _password)

    @property
    def secret_key(self) -> str:
        return self._kept("secret_key", lambda: secrets.token_urlsafe(64))

    @property
    def encryption_keys(self) -> str:
        return self._kept("encryption_keys", _encryption_key)

    @property
    def gateway(self) -> str:
        return self._kept("gateway_master_key", _gateway_key)

    @property
    def gateway_events(self) -> str:
        """What the simulated gateway shows when it pushes usage."""
        return self._kept("gateway_events_token", _password)

    @property
    def demo(self) -> str:
        return self._kept("demo_password", _demo_password)

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        path = self.folder / name
        if not path.exists():
            self._write(path, make())
        return path.read_text()

    def _write(self, path: Path, value: str) -> None:
        """All or nothing: a start that dies here must not leave an empty password behind."""
        draft = path.with_name(f".{path.name}")
        draft.unlink(missing_ok=True)
        draft.touch(mode=0o600)
        draft.write_text(value)
        draft.replace(path)
