"""Histograms of durations in one number, so that SUM() merges them exactly.

A bucket's count takes 12 decimal digits of the number; bucket `n` begins at digit `12 n`. 64 buckets, four per octave:
bucket 0 is below 8 ms, bucket n from 8·2^((n-1)/4) ms, the last one from about 7 minutes on. A quantile is off by at
most a tenth.
"""

import math
from decimal import Decimal

DIGITS = 12
BUCKETS = 64
# The first millisecond of every bucket but the first.
BOUNDS = [math.ceil(8 * 2 ** (n / 4)) for n in range(BUCKETS - 1)]
_ONE_BUCKET = 10**DIGITS


def counts(packed: Decimal | int | None) -> list[int]:
    """How many durations each bucket holds."""
    rest, found = int(packed or 0), []
    for _ in range(BUCKETS):
        rest, count = divmod(rest, _ONE_BUCKET)
        found.append(count)
    return found


def quantile(packed: Decimal | int | None, share: float) -> float | None:
    """Milliseconds that `share` (0 to 1) of the durations don't exceed, interpolated inside the bucket; None of none."""
    per_bucket = counts(packed)
    total = sum(per_bucket)
    if not total:
        return None
    wanted, below = share * total, 0
    for number, count in enumerate(per_bucket):
        if count and below + count >= wanted:
            low, high = _edges(number)
            return low + (high - low) * min(max((wanted - below) / count, 0.0), 1.0)
        below += count
    return float(_edges(BUCKETS - 1)[1])


def _edges(number: int) -> tuple[float, float]:
    low = BOUNDS[number - 1] if number else 0
    high = BOUNDS[number] if number < BUCKETS - 1 else BOUNDS[-1] * 2 ** (1 / 4)
    return float(low), float(high)
