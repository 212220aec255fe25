"""How PostgreSQL runs when the stack is started by root, since it refuses to be root itself.

First choice: a user namespace in which root is seen as nobody. No user is added, no mode of a parent folder
changes, the files stay root's. Where that is refused: the non-root owner of the data folder.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litemaas.stack.errors import StackError

_NOBODY = 65534
_UNSHARE = ("unshare", "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}")


@dataclass(frozen=True)
class Identity:
    """Whom a program runs as: a command in front of it, another user, or neither."""

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def command(self, argv: Sequence[str]) -> list[str]:
        return [*self.prefix, *argv]

    @property
    def popen_arguments(self) -> dict[str, Any]:
        """What subprocess needs to become that user."""
        if self.user is None:
            return {}
        return {"user": self.user, "group": self.group, "extra_groups": []}

    def take_over(self, folder: Path) -> None:
        """Make `folder` this user's, so that it may write there."""
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)


AS_WE_ARE = Identity()


def identity_for(data: Path, program: Path) -> Identity:
    """Whom `program` can run as with its files in `data`, which need not exist yet. Raises StackError."""
    if os.geteuid() != 0:
        return AS_WE_ARE
    namespace = Identity(prefix=_UNSHARE)
    reason = _obstacle(namespace, program)
    if reason is None:
        return namespace
    return _owner_of(data, program, reason)


def _owner_of(data: Path, program: Path, reason: str) -> Identity:
    existing = next(folder for folder in (data, *data.parents) if folder.exists())
    stat = existing.stat()
    if stat.st_uid == 0:
        raise StackError(
            _advice(reason, f"{existing} belongs to root, so there is no other user to run it as")
        )
    owner = Identity(user=stat.st_uid, group=stat.st_gid)
    obstacle = _obstacle(owner, program)
    if obstacle is not None:
        raise StackError(
            _advice(reason, f"user {stat.st_uid}, who owns {existing}, can't run it: {obstacle}")
        )
    return owner


def _obstacle(identity: Identity, program: Path) -> str | None:
    """Why `identity` can't run `program`, or None when it can."""
    if identity.prefix and shutil.which(identity.prefix[0]) is None:
        return f"the program {identity.prefix[0]} is not installed"
    command = identity.command([str(program), "--version"])
    try:
        trial = subprocess.run(
            command, capture_output=True, text=True, check=False, **identity.popen_arguments
        )
    except OSError as error:
        return error.strerror or str(error)
    return None if trial.returncode == 0 else trial.stderr.strip().splitlines()[-1]


def _advice(reason: str, also: str) -> str:
    return (
        "PostgreSQL does not run as root. A user namespace to drop root with was refused here "
        f"({reason}), and {also}.\n"
        "Do one of these: start LiteMaaS as an ordinary user; give the folder to one (chown -R USER .); allow "
        "user namespaces (sysctl user.max_user_namespaces); or set DATABASE_URL to a server of your own."
    )
