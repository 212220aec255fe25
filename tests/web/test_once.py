"""A form that is sent twice is done once."""

import threading
import time

from django.http import HttpResponse, HttpResponseRedirect
from django.test import RequestFactory

from litemaas.web import once
from tests.concurrency import in_parallel


def post(answer, reader="ada", **fields):
    request = RequestFactory().post(
        "/teams/new", "&".join(f"{k}={v}" for k, v in fields.items()), "application/x-www-form-urlencoded"
    )
    return once.done(request, reader, answer)


class Act:
    def __init__(self, answer=None):
        self.times, self.answer = 0, answer
        self._lock = threading.Lock()

    def __call__(self):
        with self._lock:
            self.times += 1
            return self.answer or HttpResponseRedirect(f"/teams/{self.times}")


def test_of_two_at_once_the_second_is_led_where_the_first_one_went():
    act = Act()
    answers = in_parallel(2, lambda: post(act, csrfmiddlewaretoken="page", name="Physics"))
    assert [answer.url for answer in answers] == ["/teams/1", "/teams/1"]
    assert act.times == 1


def test_who_waits_wakes_with_the_first_ones_answer():
    begun, may_end, ended = threading.Event(), threading.Event(), []

    def slow():
        begun.set()
        may_end.wait(10)
        return HttpResponseRedirect("/teams/1")

    def send(answer):
        ended.append((post(answer, csrfmiddlewaretoken="page", name="Physics").url, time.monotonic()))

    threads = [threading.Thread(target=send, args=[slow]), threading.Thread(target=send, args=[Act()])]
    threads[0].start()
    begun.wait(10)
    threads[1].start()
    may_end.set()
    for thread in threads:
        thread.join()
    assert [address for address, _when in ended] == ["/teams/1", "/teams/1"]
    # A wait that nobody ended would take half a second.
    assert ended[1][1] - ended[0][1] < 0.4


def test_another_page_reader_or_text_is_another_form():
    act = Act()
    post(act, csrfmiddlewaretoken="page", name="Physics")
    post(act, csrfmiddlewaretoken="page", name="Chemistry")
    post(act, csrfmiddlewaretoken="next", name="Physics")
    post(act, csrfmiddlewaretoken="page", name="Physics", reader="bob")
    post(act, name="Physics")
    assert act.times == 5


def test_what_was_refused_may_be_sent_again_also_by_who_waited():
    act = Act(HttpResponse("Give the team a name."))
    answers = in_parallel(2, lambda: post(act, csrfmiddlewaretoken="page", name="?"))
    assert [answer.status_code for answer in answers] == [200, 200]
    assert act.times == 2


def test_what_was_refused_may_be_sent_again():
    act = Act(HttpResponse("Give the team a name."))
    for _again in range(2):
        assert post(act, csrfmiddlewaretoken="page", name="").status_code == 200
    assert act.times == 2
