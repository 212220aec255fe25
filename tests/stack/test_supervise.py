"""Order, restarts, stops, and what is left after a kill."""

import os
import signal
import time
from pathlib import Path

from tests.stack.programs import (
    eventually,
    is_running,
    noted_processes,
    numbers_in,
    read_until,
    supervise,
)

TWO = """
session.supervisor.start(service("first", OBEDIENT, stop_signal=signal.SIGINT))
session.supervisor.start(service("second", OBEDIENT))
"""


def test_services_start_in_order_and_stop_in_reverse_each_with_its_own_signal(tmp_path: Path) -> None:
    process = supervise(tmp_path, TWO)
    read_until(process, "everything is up")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert (tmp_path / "notes").read_text().splitlines() == [
        "first up",
        "second up",
        "second SIGTERM",
        "first SIGINT",
    ]


def test_every_line_carries_the_name_of_its_process(tmp_path: Path) -> None:
    process = supervise(tmp_path, TWO)
    said = read_until(process, "everything is up")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert [line.split()[0] for line in said.splitlines() if "ready" in line] == ["first", "second"]


def test_a_killed_service_is_started_again(tmp_path: Path) -> None:
    process = supervise(tmp_path, TWO)
    _, second = numbers_in(read_until(process, "everything is up"))
    os.kill(second, signal.SIGKILL)
    said = read_until(process, "second   | ready")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert "second was killed by SIGKILL. It is started again in 0.5 s." in said
    assert numbers_in(said) != [second]


def test_a_service_that_keeps_failing_is_tried_after_ever_longer_pauses(tmp_path: Path) -> None:
    body = """
    flag = folder / "came-up"
    once = f"import pathlib, time; flag = pathlib.Path({str(flag)!r})\\nif flag.exists(): exit(3)\\n"
    once += "flag.touch(); print('ready', flush=True); time.sleep(0.3)"
    session.supervisor.start(service("shaky", once))
    """
    process = supervise(tmp_path, body)
    said = read_until(process, "in 2 s")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert [line.rpartition("again in ")[2] for line in said.splitlines() if "again in" in line] == [
        "0.5 s.",
        "1 s.",
        "2 s.",
    ]


def test_what_does_not_stop_is_killed_with_its_children_after_its_grace(tmp_path: Path) -> None:
    process = supervise(tmp_path, 'session.supervisor.start(service("deaf", STUBBORN, grace=0.3))')
    pids = numbers_in(read_until(process, "everything is up"))
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=20)
    assert "deaf did not stop in time and is killed." in said
    assert len(pids) == 2
    assert not any(is_running(pid) for pid in pids)


def test_a_second_request_to_stop_does_not_wait_for_the_grace(tmp_path: Path) -> None:
    process = supervise(tmp_path, 'session.supervisor.start(service("deaf", STUBBORN, grace=60))')
    read_until(process, "everything is up")
    process.send_signal(signal.SIGINT)
    read_until(process, "Stopping.")
    time.sleep(0.6)  # what comes within half a second is still the first request
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_one_request_that_comes_as_several_signals_leaves_time_to_stop(tmp_path: Path) -> None:
    slow = "import signal, sys, time\ndef end(*_): time.sleep(0.3); print('stopped well'); sys.exit()\n"
    slow += "signal.signal(signal.SIGTERM, end); print('ready', flush=True)\nwhile True: signal.pause()"
    process = supervise(tmp_path, f"session.supervisor.start(service('slow', {slow!r}))")
    read_until(process, "everything is up")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
        process.send_signal(number)
    said, _ = process.communicate(timeout=20)
    assert "stopped well" in said


def test_a_killed_supervisor_leaves_nothing_running(tmp_path: Path) -> None:
    body = TWO + 'session.supervisor.start(service("deaf", STUBBORN, grace=0.3))\n'
    process = supervise(tmp_path, body)
    pids = numbers_in(read_until(process, "everything is up"))
    process.kill()
    process.communicate(timeout=20)
    assert len(pids) == 4
    assert eventually(lambda: not any(is_running(pid) for pid in pids))
    assert (tmp_path / "notes").read_text().splitlines()[-2:] == ["second SIGTERM", "first SIGINT"]


def test_a_start_right_after_a_kill_waits_for_the_clean_up(tmp_path: Path) -> None:
    killed = supervise(tmp_path, TWO)
    before = numbers_in(read_until(killed, "everything is up"))
    killed.kill()
    after = supervise(tmp_path, TWO)
    read_until(after, "everything is up")
    assert not any(is_running(pid) for pid in before)
    after.send_signal(signal.SIGTERM)
    after.communicate(timeout=20)
    killed.communicate(timeout=20)


def test_what_a_killed_supervisor_and_watchdog_left_is_cleared_by_the_next_start(tmp_path: Path) -> None:
    killed = supervise(tmp_path, TWO)
    pids = numbers_in(read_until(killed, "everything is up"))
    assert noted_processes(tmp_path) == pids
    children = Path(f"/proc/{killed.pid}/task/{killed.pid}/children").read_text().split()
    (watchdog,) = {int(child) for child in children} - set(pids)
    os.kill(killed.pid, signal.SIGSTOP)  # else it would start a new watchdog
    os.kill(watchdog, signal.SIGKILL)
    killed.kill()
    killed.communicate(timeout=20)
    assert all(is_running(pid) for pid in pids)
    following = supervise(tmp_path, TWO)
    said = read_until(following, "everything is up")
    following.send_signal(signal.SIGTERM)
    following.communicate(timeout=20)
    assert "Stopped 2 processes that a killed run had left." in said
    assert not any(is_running(pid) for pid in pids)


def test_a_killed_watchdog_is_replaced(tmp_path: Path) -> None:
    process = supervise(tmp_path, TWO)
    pids = numbers_in(read_until(process, "everything is up"))
    folder = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    (watchdog,) = {int(child) for child in folder.read_text().split()} - set(pids)
    os.kill(watchdog, signal.SIGKILL)
    read_until(process, "Another one watches now.")
    assert len({int(child) for child in folder.read_text().split()} - {watchdog}) == 3
    process.kill()
    process.communicate(timeout=20)
    assert eventually(lambda: not any(is_running(pid) for pid in pids))


def test_a_service_that_ends_during_the_start_stops_the_start_with_its_last_words(tmp_path: Path) -> None:
    body = 'session.supervisor.start(service("first", OBEDIENT))\n'
    body += 'session.supervisor.start(service("broken", "print(\'no such table\'); exit(4)"))\n'
    process = supervise(tmp_path, body)
    said, _ = process.communicate(timeout=20)
    assert "broken ended with exit code 4. It said last:\n  no such table" in said
    assert (tmp_path / "notes").read_text().splitlines() == ["first up", "first SIGTERM"]


def test_a_service_that_never_gets_ready_stops_the_start(tmp_path: Path) -> None:
    idle = "import time; print('thinking', flush=True); time.sleep(60)"
    process = supervise(tmp_path, f"session.supervisor.start(service('slow', {idle!r}, ready_within=0.5))")
    said, _ = process.communicate(timeout=20)
    assert "slow was not ready after 0.5 s. It said last:\n  thinking" in said


def test_a_terminal_that_goes_away_does_not_stop_the_rest_from_being_stopped(tmp_path: Path) -> None:
    process = supervise(tmp_path, TWO)
    pids = numbers_in(read_until(process, "everything is up"))
    assert process.stdout is not None
    process.stdout.close()
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=20) == 0
    assert not any(is_running(pid) for pid in pids)
