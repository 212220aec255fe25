"""The record of acts: `audit.record(…)` inside the act's transaction, so that both happen or neither.

Rows are only ever added. A sealer chains what was committed (`sealing`), checkpoints of the chain are signed
(`checkpoints`), `manage.py verify_audit` compares (`verifying`), old months are taken off whole (`retention`).
"""

from accounts.audit.recording import Change, draft, record, record_many

__all__ = ["Change", "draft", "record", "record_many"]
