"""Deployments that an operator keeps through the portal."""

from collections.abc import Callable, Iterator

import pytest

from litellm_sync.errors import GatewayNotFound, GatewayRefused

SECRET = "sk-provider-secret-0123456789"


@pytest.fixture
def deploy(client, unique) -> Iterator[Callable[..., str]]:
    made: list[str] = []

    def make(name: str = "deployment", **params) -> str:
        deployment_id = unique(name)
        params = {"model": "openai/db-mock", "api_key": SECRET, "mock_response": "hello", **params}
        client.create_deployment(
            model_name=f"name-{deployment_id}",
            litellm_params=params,
            model_info={"id": deployment_id, "mode": "chat"},
        )
        made.append(deployment_id)
        return deployment_id

    yield make
    for deployment_id in made:
        client.delete_deployment(deployment_id)


def test_nothing_is_found_under_an_unknown_id(client, unique):
    assert client.get_deployment(unique("nothing")) is None


def test_a_made_deployment_can_be_read_back_without_its_secret(client, deploy):
    made = deploy(input_cost_per_token=2e-06, output_cost_per_token=4e-06, rpm=60)
    row = client.get_deployment(made)
    assert (row["model_name"], row["model_info"]["id"]) == (f"name-{made}", made)
    assert row["model_info"]["db_model"] is True
    assert (row["litellm_params"]["model"], row["litellm_params"]["rpm"]) == ("openai/db-mock", 60)
    assert float(row["model_info"]["input_cost_per_token"]) == 2e-06
    assert SECRET not in str(row)
    assert made in {row["model_info"]["id"] for row in client.list_deployments()}


def test_an_id_is_taken_once(client, deploy):
    made = deploy()
    with pytest.raises(GatewayRefused):
        client.create_deployment(
            model_name="other", litellm_params={"model": "openai/x"}, model_info={"id": made}
        )
    assert client.get_deployment(made)["model_name"] == f"name-{made}"


def test_what_a_change_does_not_name_stays(client, deploy):
    made = deploy(input_cost_per_token=2e-06, output_cost_per_token=4e-06)
    client.update_deployment(made, litellm_params={"model": "openai/db-mock", "input_cost_per_token": 3e-06})
    row = client.get_deployment(made)
    costs = [float(row["model_info"][f"{way}_cost_per_token"]) for way in ("input", "output")]
    assert costs == [3e-06, 4e-06]
    assert row["model_name"] == f"name-{made}"


def test_a_public_name_can_be_changed(client, deploy):
    made = deploy()
    client.update_deployment(made, model_name=f"new-{made}", litellm_params={"model": "openai/db-mock"})
    assert client.get_deployment(made)["model_name"] == f"new-{made}"


def test_a_deleted_deployment_is_gone_and_can_be_deleted_again(client, deploy):
    made = deploy()
    assert client.delete_deployment(made)
    assert client.get_deployment(made) is None
    assert not client.delete_deployment(made)


def test_a_deployment_of_the_configuration_can_not_be_changed(client):
    row = next(row for row in client.list_deployments() if not row["model_info"].get("db_model"))
    configured = row["model_info"]["id"]
    with pytest.raises(GatewayRefused):
        client.update_deployment(configured, litellm_params={"model": "openai/other"})
    assert not client.delete_deployment(configured)
    assert client.get_deployment(configured) is not None


def test_changing_an_unknown_deployment_says_that_there_is_none(client, unique):
    with pytest.raises(GatewayNotFound):
        client.update_deployment(unique("nothing"), litellm_params={"model": "openai/x"})
