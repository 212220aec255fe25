"""Signed statements about the chain. Whoever keeps one elsewhere can prove that nothing before it was changed since."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from django.db import transaction

from accounts.audit.models import AuditChain, AuditCheckpoint, AuditRetirement
from accounts.audit.signing import Signature, is_signed, sign

FORMAT = "litemaas-audit-checkpoint-1"


class NotACheckpoint(ValueError):
    """The file does not hold one."""


@transaction.atomic
def sign_checkpoint(now: datetime) -> AuditCheckpoint | None:
    """Sign where the chain ends. None when it has not grown since the last checkpoint."""
    chain = AuditChain.objects.select_for_update().filter(pk=1).first()
    if chain is None or chain.seq == 0 or AuditCheckpoint.objects.filter(seq=chain.seq).exists():
        return None
    signed = sign(_message(chain.seq, bytes(chain.hash), now))
    return AuditCheckpoint.objects.create(
        seq=chain.seq, hash=chain.hash, signed_at=now, key_name=signed.key_name, public_key=signed.public_key,
        signature=signed.signature,
    )  # fmt: skip


def is_genuine(checkpoint: AuditCheckpoint, *, trusted: frozenset[bytes]) -> bool:
    message = _message(checkpoint.seq, bytes(checkpoint.hash), checkpoint.signed_at)
    return is_signed(message, _signature_of(checkpoint), trusted=trusted)


def as_text(checkpoint: AuditCheckpoint) -> str:
    """For a file that is kept elsewhere."""
    facts = {
        "format": FORMAT,
        "seq": checkpoint.seq,
        "hash": bytes(checkpoint.hash).hex(),
        "signedAt": checkpoint.signed_at.astimezone(UTC).isoformat(),
        "keyName": checkpoint.key_name,
        "publicKey": base64.b64encode(bytes(checkpoint.public_key)).decode(),
        "signature": base64.b64encode(bytes(checkpoint.signature)).decode(),
    }
    return json.dumps(facts, indent=2) + "\n"


def from_text(text: str) -> AuditCheckpoint:
    """The checkpoint of such a file, not saved. Raises NotACheckpoint."""
    try:
        facts: dict[str, Any] = json.loads(text)
        if facts["format"] != FORMAT:
            raise NotACheckpoint(f"The format is not {FORMAT}.")
        return AuditCheckpoint(
            seq=int(facts["seq"]),
            hash=bytes.fromhex(facts["hash"]),
            signed_at=datetime.fromisoformat(facts["signedAt"]),
            key_name=facts["keyName"],
            public_key=base64.b64decode(facts["publicKey"]),
            signature=base64.b64decode(facts["signature"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotACheckpoint(f"This is not a checkpoint: {error}") from error


def sign_retirement(run: AuditRetirement) -> None:
    """Sign that these rows were taken off with their month."""
    signed = sign(_retired(run))
    run.key_name, run.public_key, run.signature = signed.key_name, signed.public_key, signed.signature


def is_retired_by_us(run: AuditRetirement, *, trusted: frozenset[bytes]) -> bool:
    return is_signed(_retired(run), _signature_of(run), trusted=trusted)


def _signature_of(row: AuditCheckpoint | AuditRetirement) -> Signature:
    return Signature(row.key_name, bytes(row.public_key), bytes(row.signature))


def _message(seq: int, chain_hash: bytes, at: datetime) -> bytes:
    return f"{FORMAT}\n{seq}\n{chain_hash.hex()}\n{at.astimezone(UTC).isoformat()}".encode()


def _retired(run: AuditRetirement) -> bytes:
    ends = f"{run.first_seq}\n{run.last_seq}\n{bytes(run.hash_before).hex()}\n{bytes(run.hash_after).hex()}"
    return f"litemaas-audit-retirement-1\n{run.month.isoformat()[:10]}\n{ends}".encode()
