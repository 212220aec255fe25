"""What the gateway says about its models."""

from decimal import Decimal


def test_every_deployment_has_an_id_and_a_public_name(client):
    rows = client.list_deployments()
    assert rows
    assert all(row["model_name"] and row["model_info"]["id"] for row in rows)
    ids = [row["model_info"]["id"] for row in rows]
    assert len(set(ids)) == len(ids)


def test_prices_are_exact_and_per_token(client):
    costs = [row["model_info"].get("input_cost_per_token") for row in client.list_deployments()]
    known = [cost for cost in costs if cost]
    assert known
    assert all(isinstance(cost, Decimal) and 0 < cost < Decimal("0.01") for cost in known)


def test_an_unknown_price_is_no_price_rather_than_nothing(client):
    infos = [row["model_info"] for row in client.list_deployments()]
    assert any(info.get("input_cost_per_token") is None for info in infos)
    assert any(info.get("max_input_tokens") is None for info in infos)


def test_a_model_can_have_a_slash_in_its_name(client):
    assert any("/" in row["model_name"] for row in client.list_deployments())


def test_no_deployment_shows_the_providers_credentials(client):
    assert not any("api_key" in row["litellm_params"] for row in client.list_deployments())


def test_what_a_key_may_call_is_listed_for_it(issue, program, models):
    listed = program(issue(models=[models.chat])).get("/v1/models")
    assert listed.status == 200
    assert [model["id"] for model in listed.body["data"]] == [models.chat]
