"""Sign-in through OpenShift's OAuth server, played by a small local double of its three addresses."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)
ALICE = {"metadata": {"name": "alice", "uid": "uid-of-alice"}, "fullName": "Alice A.", "groups": ["admins"]}


class Cluster(ThreadingHTTPServer):
    """The API server and its OAuth server in one. `me` is what the API says of the token's owner."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.me, self.asked = ALICE, {}


class _Handler(BaseHTTPRequestHandler):
    server: Cluster

    def log_message(self, *_args):
        return

    def answer(self, data, status=200):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = self.server.url
        if self.path == "/.well-known/oauth-authorization-server":
            ends = {
                "authorization_endpoint": f"{url}/oauth/authorize",
                "token_endpoint": f"{url}/oauth/token",
            }
            return self.answer({"issuer": url, **ends})
        is_known = self.headers.get("Authorization") == "Bearer the-access-token"
        return self.answer(
            self.server.me if is_known else {"message": "Unauthorized"}, 200 if is_known else 401
        )

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.asked = parse_qs(self.rfile.read(length).decode())
        is_right = self.server.asked["code"] == ["the-code"] and "code_verifier" in self.server.asked
        answer = {"access_token": "the-access-token", "token_type": "Bearer", "expires_in": 86400}
        return self.answer(answer if is_right else {"error": "invalid_grant"}, 200 if is_right else 400)


@pytest.fixture
def cluster(use_providers, settings):
    settings.RATE_LIMITS = {}
    settings.GROUP_ROLES = {"admins": "admin"}
    with Cluster() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        names = {"API_URL": running.url, "CLIENT_ID": "litemaas", "CLIENT_SECRET": "secret"}
        use_providers(**{f"OPENSHIFT_{name}": value for name, value in names.items()})
        yield running
        running.shutdown()


def sign_in(client, code="the-code"):
    asked = urlsplit(client.get("/sign-in/openshift")["Location"])
    query = parse_qs(asked.query)
    assert asked.path == "/oauth/authorize"
    assert (query["scope"], query["code_challenge_method"]) == (["user:info"], ["S256"])
    return client.get(f"/api/auth/callback?{urlencode({'code': code, 'state': query['state'][0]})}")


def test_the_cluster_says_who_it_is_and_in_which_groups(cluster):
    assert sign_in(Client())["Location"] == "/home"
    alice = User.objects.get()
    assert (alice.username, alice.full_name, alice.email) == ("alice", "Alice A.", "")
    assert (alice.roles, alice.group_roles) == (["admin", "user"], ["admin"])
    cluster.me = {**ALICE, "groups": None}
    sign_in(Client())
    assert User.objects.get().roles == ["user"]


@pytest.mark.parametrize("me", [{}, {"metadata": {}}, {"metadata": {"name": "x"}}, {"metadata": []}])
def test_a_cluster_that_does_not_say_lets_nobody_in(cluster, me):
    cluster.me = me
    assert sign_in(Client())["Location"] == "/login?error=auth_failed"
    assert not User.objects.exists()


def test_a_wrong_code_lets_nobody_in(cluster):
    assert sign_in(Client(), code="stolen")["Location"] == "/login?error=auth_failed"


def test_listed_people_become_administrators(cluster, settings):
    settings.INITIAL_ADMINS = ["openshift:alice"]
    cluster.me = {**ALICE, "groups": []}
    sign_in(Client())
    assert User.objects.get().roles == ["admin", "user"]


def test_the_old_front_end_is_told_which_kind_it_is(cluster, client):
    assert client.get("/api/v1/config").json()["authProvider"] == "openshift"
