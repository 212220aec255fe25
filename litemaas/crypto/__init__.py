"""Secrets at rest: sealed under a ring of named master keys (`sealing`), and renewed when the ring turns (`columns`)."""

from litemaas.crypto.sealing import CannotOpen, key_name_of, new_key, open_sealed, seal

__all__ = ["CannotOpen", "key_name_of", "new_key", "open_sealed", "seal"]
