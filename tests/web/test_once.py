"""A form that is sent twice is done once."""

import threading

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


def test_another_page_reader_or_text_is_another_form():
    act = Act()
    post(act, csrfmiddlewaretoken="page", name="Physics")
    post(act, csrfmiddlewaretoken="page", name="Chemistry")
    post(act, csrfmiddlewaretoken="next", name="Physics")
    post(act, csrfmiddlewaretoken="page", name="Physics", reader="bob")
    post(act, name="Physics")
    assert act.times == 5


def test_what_was_refused_may_be_sent_again():
    act = Act(HttpResponse("Give the team a name."))
    for _again in range(2):
        assert post(act, csrfmiddlewaretoken="page", name="").status_code == 200
    assert act.times == 2
