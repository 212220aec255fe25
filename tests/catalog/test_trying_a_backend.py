"""Trying out where a model is to come from, and to whom we never speak."""

import ipaddress
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from accounts.audit.models import AuditEvent
from catalog import addresses, managing, probing
from litemaas import errors
from litemaas.outbound import is_allowed
from tests.catalog.test_managed_models import FORM, KEY
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
OFFERED = {"data": [{"id": "meta/llama"}, *({"id": f"other-{n:02}"} for n in range(20)), {"no": "id"}]}


class Backend:
    """What it answers next, and what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.headers, self.asked = 200, json.dumps(OFFERED), {}, []


@pytest.fixture
def backend(settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    said = Backend()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            said.asked.append((self.path, self.headers.get("Authorization"), self.headers.get("Host")))
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said.body.encode())

        def log_message(self, *_args):
            """A test's output is the test's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    said.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield said
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def operator():
    return UserFactory.create(is_operator=True)


@pytest.fixture
def attempt(operator):
    def run(**parts):
        usual = {"actor": operator, "backend_model_name": "meta/llama", "now": timezone.now()}
        return probing.try_configuration(**usual | parts)

    return run


def test_a_model_that_is_offered_is_found(backend, attempt):
    outcome = attempt(api_base=f"{backend.url}/", provider_key=KEY)
    assert (outcome.result, outcome.is_good) == ("model_found", True)
    assert backend.asked[0][:2] == ("/v1/models", f"Bearer {KEY}")
    assert KEY not in str(list(AuditEvent.objects.values_list("metadata", "new_values")))


def test_of_what_is_offered_instead_ten_are_named(backend, attempt):
    outcome = attempt(api_base=backend.url, backend_model_name="nope")
    assert outcome.result == "model_not_found"
    assert (len(outcome.offered), outcome.offered[0]) == (10, "meta/llama")


@pytest.mark.parametrize(
    ("status", "body", "result"),
    [
        (401, "{}", "auth_error"),
        (403, "{}", "auth_error"),
        (500, "{}", "connection_error"),
        (200, "<html>", "connection_error"),
        (200, "[]", "connection_error"),
    ],
)
def test_what_else_a_backend_may_say(backend, attempt, status, body, result):
    backend.status, backend.body = status, body
    assert attempt(api_base=backend.url).result == result


def test_a_converter_only_has_to_answer(backend, attempt):
    backend.status = 404
    assert attempt(api_base=backend.url, converts=True).result == "endpoint_reachable"


def test_redirects_are_not_followed(backend, attempt):
    backend.status, backend.headers = 302, {"Location": f"{backend.url}/elsewhere"}
    assert attempt(api_base=backend.url).result == "connection_error"
    assert len(backend.asked) == 1


def test_nobody_there(attempt, settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    assert attempt(api_base="http://127.0.0.1:9/v1").result == "connection_error"
    assert attempt(api_base="http://no-such-name.invalid/v1").result == "connection_error"


def test_an_answer_that_does_not_come_in_time_is_too_slow(backend, settings):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(addresses.TooSlow):
            addresses.fetch(url, headers={}, seconds=0.2)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::1", "::", "fe80::1", "fd00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "::127.0.0.1"),
    ],
)
def test_our_own_networks_are_none_of_the_callers_business(address):
    assert not is_allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses_may_be_asked(address):
    assert is_allowed(ipaddress.ip_address(address))


def test_a_deployment_may_list_networks_of_its_own(settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["10.0.0.0/8"]
    assert is_allowed(ipaddress.ip_address("10.1.2.3"))
    assert is_allowed(ipaddress.ip_address("::ffff:10.1.2.3"))
    assert not is_allowed(ipaddress.ip_address("192.168.0.1"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_nobody_is_called_there_however_it_is_spelt(backend, attempt, settings, host):
    settings.OUTBOUND_ALLOWED_NETWORKS = []
    port = backend.url.split(":")[2].split("/")[0]
    outcome = attempt(api_base=f"http://{host}:{port}/v1")
    assert outcome.result == "connection_error"
    assert backend.asked == []


def test_the_connection_goes_to_the_address_that_was_judged(backend, attempt, monkeypatch):
    """A name that answers differently the second time reaches nobody else."""
    port = int(backend.url.split(":")[2].split("/")[0])
    asked = []

    def rebinding(host, wanted_port, *_args, **_kwargs):
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, wanted_port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    outcome = attempt(api_base=f"http://backend.example:{port}/v1")
    assert outcome.result == "model_found"
    assert backend.asked[0][2] == f"backend.example:{port}"
    assert asked == ["backend.example"]


def test_a_stored_key_goes_to_its_own_address_alone(backend, attempt, operator, gateway):
    from dataclasses import replace

    managing.create_model(
        actor=operator,
        form=replace(FORM, api_base=backend.url),
        provider_key=KEY,
        restricted=False,
        now=timezone.now(),
    )
    assert attempt(api_base=f"{backend.url}/", model_id="lab/new").result == "model_found"
    assert backend.asked[-1][1] == f"Bearer {KEY}"
    elsewhere = backend.url.replace("/v1", "/v2")
    assert attempt(api_base=elsewhere, model_id="lab/new").result == "missing_stored_key"
    assert attempt(api_base=backend.url, model_id="unknown").result == "missing_stored_key"
    assert len(backend.asked) == 1


@pytest.mark.parametrize("address", ["", "backend.example", "file:///etc/passwd", "http://", "http://a b/"])
def test_what_is_no_address_is_refused_by_name(attempt, address):
    with pytest.raises(errors.InvalidInput) as refusal:
        attempt(api_base=address)
    assert list(refusal.value.fields) == ["api_base"]


def test_a_key_that_would_break_a_header_is_refused(attempt):
    with pytest.raises(errors.InvalidInput):
        attempt(api_base="http://backend.example", provider_key="a\r\nX-Injected: 1")


def test_only_administrators_try_addresses(attempt):
    with pytest.raises(errors.Forbidden):
        attempt(api_base="http://backend.example", actor=UserFactory.create(is_auditor=True))
