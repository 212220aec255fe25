"""One operation of the contract."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Row:
    """`out` is a shape (`shapes`), "" where the body is empty, or "file" for bytes. `{name}` in path, query and body is
    something of the scene. `by`: who calls it here, if not the least of those who may."""

    method: str
    path: str
    who: str
    out: str
    query: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    by: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    name: str = ""

    @property
    def operation(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_json(self) -> bool:
        return self.out not in {"", "file", "redirect"}

    @property
    def label(self) -> str:
        return f"{self.operation}{f' ({self.name})' if self.name else ''}"

    @property
    def caller(self) -> str:
        return self.by or _CALLERS[self.who.split(",", 1)[0]]

    @property
    def refused(self) -> dict[str, int]:
        """Who does not get in, and what they are told."""
        groups = set(self.who.split(","))
        if "A" in groups:
            return {}
        found = {"anonymous": 401}
        if groups <= {"R", "W"}:
            found["stranger"] = 403
        if groups == {"W"}:
            found["auditor"] = 403
        if groups & {"O", "Ta", "Tm", "Tv"} and "{" in self.path:
            found["stranger"] = 404
        return found


_CALLERS = {
    "A": "anonymous",
    "U": "owner",
    "O": "owner",
    "R": "auditor",
    "W": "admin",
    "Ta": "head",
    "Tm": "member",
    "Tv": "viewer",
}
