"""The collector of unreachable objects, for processes that answer for a long time."""

import gc


def spare_what_is_loaded() -> None:
    """What is there now stays for good: the collector need not walk it again and again, a tenth of a second each time.
    And a request leaves little behind."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
