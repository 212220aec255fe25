"""Few turns for many threads, and the connections that go with them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.http import HttpResponse, StreamingHttpResponse

from litemaas import turns
from litemaas.locks import advisory_lock
from litemaas.turns import Turns, given_back, in_turns

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def run():
    """Calls in threads of their own. What they leave open of the database is closed."""
    with ThreadPoolExecutor(8) as pool:
        yield pool.submit


@pytest.fixture
def used():
    """Turns whose connections are closed after the test."""
    made = []

    def make(count):
        made.append(Turns(count))
        return made[-1]

    yield make
    for one in made:
        for turn in one._free:
            for opened in turn.connections.values():
                opened.close()


def backend_pid():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


def in_turn(some, act):
    some.take()
    try:
        return act()
    finally:
        some.give_back()


def test_who_has_just_had_a_turn_queues_behind_those_who_wait(used, run):
    some, order = used(1), []
    some.take()

    def act(name):
        return in_turn(some, lambda: order.append(name))

    waiting = []
    for place in range(3):
        waiting.append(run(act, place))
        while len(some._line) <= place:
            threading.Event().wait(0.001)
    some.give_back()
    act("again")
    for done in waiting:
        done.result(5)
    assert order == [0, 1, 2, "again"]


def test_only_so_many_run_at_once(used, run):
    some, inside, most = used(2), [], []
    full, go = threading.Event(), threading.Event()

    def act():
        inside.append(1)
        most.append(len(inside))
        if len(inside) == 2:
            full.set()
        go.wait(5)
        inside.pop()

    calls = [run(in_turn, some, act) for _ in range(6)]
    assert full.wait(5)
    go.set()
    for call in calls:
        call.result(5)
    assert max(most) == 2


def test_a_connection_goes_from_thread_to_thread(used, run):
    some = used(1)
    barrier = threading.Barrier(4)

    def ask():
        # Four threads, whichever of them comes first.
        barrier.wait(5)
        return in_turn(some, backend_pid)

    assert len({call.result(5) for call in [run(ask) for _ in range(4)]}) == 1


def test_a_thread_without_a_turn_has_no_connection_of_another(used, run):
    some = used(1)

    def act():
        some.take()
        mine = backend_pid()
        with given_back():
            assert connections.all(initialized_only=True) == []
            other = run(in_turn, some, backend_pid).result(5)
        again = backend_pid()
        some.give_back()
        return mine, other, again

    mine, other, again = run(act).result(5)
    assert mine == other == again


def test_a_turn_that_has_met_no_database_takes_none_from_the_thread(used, run):
    first, second = used(1), used(1)

    def act():
        one = in_turn(first, backend_pid)
        return one, in_turn(second, backend_pid)

    with ThreadPoolExecutor(1) as alone:
        one, two = alone.submit(act).result(5)
    assert one != two


def test_who_comes_back_goes_before_those_who_have_not_begun(used, run):
    some, order = used(1), []
    some.take()
    gone, waits = threading.Event(), threading.Event()

    def begun():
        some.take()
        try:
            with given_back():
                gone.set()
                waits.wait(5)
            order.append("begun")
        finally:
            some.give_back()

    def until(count):
        while len(some._line) < count:
            threading.Event().wait(0.001)

    first = run(begun)
    until(1)
    some.give_back()
    assert gone.wait(5)
    some.take()
    later = run(in_turn, some, lambda: order.append("later"))
    until(1)
    waits.set()
    until(2)
    some.give_back()
    first.result(5)
    later.result(5)
    assert order == ["begun", "later"]


@pytest.mark.parametrize("held", [transaction.atomic, turns.kept, lambda: advisory_lock("turns")])
def test_a_transaction_and_a_lock_of_the_session_keep_the_turn(used, run, held):
    some = used(1)

    def act():
        some.take()
        try:
            with held():
                mine = backend_pid()
                with given_back():
                    assert some._free == []
                    return mine, backend_pid()
        finally:
            some.give_back()

    mine, within = run(act).result(5)
    assert mine == within


def test_nothing_is_given_back_where_there_are_no_turns():
    with given_back():
        backend_pid()


def application(answer):
    def act(_environ, start_response):
        start_response("200 OK", [])
        return answer()

    return act


def test_an_answer_leaves_in_one_piece_and_gives_its_turn_back(run):
    app = in_turns(application(lambda: HttpResponse(b"hello")), 1)
    for _ in range(3):
        assert run(app, {}, lambda *_: None).result(5) == [b"hello"]


def read(app):
    """As the web server does it: all in one thread, closed at the end."""
    answer = app({}, lambda *_: None)
    try:
        return list(answer), turns._mine.turn
    finally:
        answer.close()


def test_a_streamed_answer_keeps_its_turn_to_the_end(run):
    app = in_turns(application(lambda: StreamingHttpResponse(iter([b"a", b"b"]))), 1)
    for _ in range(2):
        parts, turn = run(read, app).result(5)
        assert parts == [b"a", b"b"]
        assert turn is not None


def test_a_streamed_answer_that_needs_no_turn_holds_nobody_up(run):
    class Free(StreamingHttpResponse):
        needs_turn = False

    first, go = threading.Event(), threading.Event()

    def parts():
        yield b"a"
        first.set()
        go.wait(5)
        yield b"b"

    streams = in_turns(application(lambda: Free(parts())), 1)
    reading = run(read, streams)
    assert first.wait(5)
    # The one turn is free although somebody still listens.
    second = run(streams, {}, lambda *_: None).result(5)
    second.close()
    go.set()
    assert reading.result(5)[0] == [b"a", b"b"]


def test_an_error_gives_the_turn_back(run):
    def fail(_environ, _start_response):
        raise RuntimeError("no")

    app = in_turns(fail, 1)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            run(app, {}, None).result(5)


def test_a_server_that_forgets_an_answer_does_not_keep_its_turn(run):
    app = in_turns(application(lambda: StreamingHttpResponse(iter([b"a"]))), 1)

    def forget():
        app({}, lambda *_: None)

    for _ in range(2):
        run(forget).result(5)
