"""Addresses that people type in lead to nothing that only we can reach."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from litemaas import outbound
from litemaas.outbound import AddressNotAllowed, CallFailed


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://localhost:8000/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://10.1.2.3/",
        "http://169.254.169.254/latest/meta-data",
        "http://192.168.0.1/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://2130706433/",
        "http://user:secret@8.8.8.8/",
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
        "http://8.8.8.8:x/",
        "http:///",
        "nonsense",
    ],
)
def test_private_and_odd_addresses_are_refused(url):
    with pytest.raises(AddressNotAllowed) as refused:
        outbound.resolve(url)
    assert "url" in refused.value.fields


def test_public_addresses_are_fine():
    target = outbound.resolve("https://8.8.8.8:8443/hook?x=1")
    assert (target.address, target.port, target.path) == ("8.8.8.8", 8443, "/hook?x=1")


@pytest.fixture
def server():
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            seen.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(302 if self.path == "/moved" else 204)
            self.send_header("Location", "http://10.0.0.1/")
            self.end_headers()

        def log_message(self, format, *args):
            """Quiet."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://localhost:{running.server_port}", seen
    running.shutdown()
    thread.join()
    running.server_close()


def test_an_allowed_network_is_called_and_redirects_are_not_followed(server, settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8", "::1/128"]
    url, seen = server
    assert outbound.post(f"{url}/hook", b"{}", {"X-One": "1"}) == 204
    assert outbound.post(f"{url}/moved", b"{}", {}) == 302
    path, headers, body = seen[0]
    assert (path, headers["X-One"], body) == ("/hook", "1", b"{}")
    assert headers["Host"].startswith("localhost:")
    assert len(seen) == 2


def test_nobody_there_is_a_failure_that_tells_nothing(settings):
    settings.OUTBOUND_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    with pytest.raises(CallFailed):
        outbound.post("http://127.0.0.1:9/", b"{}", {}, timeout=0.5)
