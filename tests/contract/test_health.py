"""Being there, and saying what one can do."""

import pytest

from litellm_sync.client import GatewayClient
from litellm_sync.errors import GatewayUnauthorized


def test_it_is_alive(client):
    assert client.is_alive()


def test_it_tells_a_supported_version(client):
    assert client.features().version_tuple >= (1, 80)
    assert client.version() == client.features().version


@pytest.mark.parametrize(
    "path",
    [
        *("/model/info", "/user/info", "/user/new", "/user/update", "/user/delete"),
        *(
            "/key/info",
            "/key/generate",
            "/key/update",
            "/key/block",
            "/key/unblock",
            "/key/delete",
            "/key/list",
        ),
        *("/spend/logs/v2", "/user/daily/activity"),
    ],
)
def test_it_has_every_path_that_the_client_calls(client, path):
    assert client.features().supports(path)


def test_it_knows_which_paths_it_lacks(client):
    assert not client.features().supports("/no/such/path")


def test_a_wrong_administration_key_is_told_from_a_wrong_request(target):
    stranger = GatewayClient(target.url, "sk-this-key-was-never-made")
    with pytest.raises(GatewayUnauthorized) as refusal:
        stranger.list_keys()
    stranger.close()
    assert refusal.value.error_type == "token_not_found_in_db"
    assert "sk-this-key-was-never-made" not in str(refusal.value)


def test_it_tells_whether_it_has_its_database(client):
    assert client.has_database() is True
