"""What Schemathesis checks besides the document: nothing breaks, and nobody is shown what is somebody else's.

Loaded by its command line (`SCHEMATHESIS_HOOKS`). `FUZZ_FOREIGN` holds marks of another person's things.
"""

import os

import schemathesis

_FOREIGN = [mark for mark in os.environ.get("FUZZ_FOREIGN", "").split(",") if mark]


@schemathesis.check
def nothing_breaks(ctx, response, case) -> None:
    """500 is a fault of ours. 502 to 504 say that a part is away, which the contract has answers for."""
    assert response.status_code != 500, f"500: {response.text[:500]}"


@schemathesis.check
def nothing_is_shown_of_others(ctx, response, case) -> None:
    sent = f"{case.formatted_path} {case.query} {case.body}"
    shown = [mark for mark in _FOREIGN if mark in response.text and mark not in sent]
    assert not shown, f"The answer holds something of another person: {shown}"
