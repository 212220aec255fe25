"""The table that is printed."""

from dataclasses import dataclass

from bench.load import Case, Result


@dataclass(frozen=True)
class Row:
    case: Case
    connections: int
    result: Result
    statements: int
    # Of the web server alone, in milliseconds per request: it hardly depends on who else uses the machine.
    cpu: float


def table(rows: list[Row], memory: float, description: str) -> str:
    head = "| Request | Connections | Requests/s | Target | p50 ms | p99 ms | CPU ms | Statements | Failed |"
    rule = "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    end = f"Data: {description}. Resident memory of the web server with its two workers afterwards: {memory:.0f} MiB."
    return "\n".join([head, rule, *map(_line, rows), "", end])


def _line(row: Row) -> str:
    has_target = row.connections > 1 and row.case.target is not None
    cells = [
        row.case.name,
        str(row.connections),
        f"{row.result.per_second:,.0f}",
        f"{row.case.target:,}" if has_target else "",
        f"{row.result.p50:.1f}",
        f"{row.result.p99:.1f}",
        f"{row.cpu:.2f}",
        str(row.statements),
        str(row.result.failed),
    ]
    return f"| {' | '.join(cells)} |"
