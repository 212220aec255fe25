"""What-if: what the same calls would have cost otherwise (an addition to REST contract §8)."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.authentication import actor_of
from litemaas.api.fields import Exact, Text
from litemaas.api.views import ContractView, body_of
from litemaas.errors import InvalidInput
from usage import naming
from usage.api import asking
from usage.api.serializers import AnalyticsIn, CostField
from usage.periods import read_period
from usage.questions import Question
from usage.scopes import Scope
from usage.whatif import PriceList, Prices, what_if

MOST_PRICES = 1000


class WhatIfLineOut(serializers.Serializer[Any]):
    modelId = serializers.CharField()
    becomes = serializers.CharField()
    requests = serializers.IntegerField()
    promptTokens = serializers.IntegerField()
    completionTokens = serializers.IntegerField()
    cachedTokens = serializers.IntegerField()
    actualCost = CostField()
    cost = CostField(allow_null=True)
    difference = CostField(allow_null=True)
    basis = serializers.ChoiceField(choices=["paid", "told", "catalogue"])


class WhatIfOut(serializers.Serializer[Any]):
    actualCost = CostField()
    cost = CostField(allow_null=True)
    difference = CostField(allow_null=True)
    lines = WhatIfLineOut(many=True)


class PricesIn(serializers.Serializer[Any]):
    """US dollars per token."""

    inputCostPerToken = Exact(max_digits=30, decimal_places=18, min_value=0)
    outputCostPerToken = Exact(max_digits=30, decimal_places=18, min_value=0)
    cachedInputCostPerToken = Exact(
        max_digits=30, decimal_places=18, min_value=0, required=False, allow_null=True
    )


class ModelPricesIn(PricesIn):
    modelId = Text(max_length=255)


class WhatIfIn(AnalyticsIn):
    modelId = Text(max_length=255, required=False, allow_blank=True)
    exchange = serializers.DictField(child=serializers.CharField(max_length=255), required=False)
    prices = PricesIn(
        required=False, allow_null=True, help_text="Of every model that priceList does not name."
    )
    priceList = serializers.ListField(
        child=ModelPricesIn(),
        required=False,
        max_length=MOST_PRICES,
        help_text="Prices of single models; each at most once.",
    )


class WhatIfView(ContractView):
    permissions_needed = {"POST": "usage:read"}
    rate_bucket = "analytics"
    only_asks = True

    @extend_schema(request=WhatIfIn, responses=WhatIfOut)
    def post(self, request: Request) -> Response:
        """What the caller's calls of a period would have cost with another model (`modelId`, or `exchange` from one
        to another) or with other prices (`prices` of all, `priceList` of single models). Without any of them it is
        exactly what they cost. `basis` says what a line was reckoned from: paid, told or the catalogue."""
        now, caller, body = timezone.now(), actor_of(request), body_of(request, WhatIfIn)
        if body.get("modelId") and body.get("exchange"):
            raise InvalidInput(fields={"exchange": "Give either modelId or exchange."})
        period = read_period(body.get("startDate"), body.get("endDate"), now=now)
        filters = asking.body_filters(body, lambda named: naming.own_keys(caller, named))
        found = what_if(
            Question(Scope.of(caller), period, filters),
            exchange=body.get("exchange"),
            model=body.get("modelId") or "",
            prices=_price_list(body),
            now=now,
        )
        return Response(
            {
                "actualCost": found.actual,
                "cost": found.cost,
                "difference": found.difference,
                "lines": [
                    {
                        "modelId": line.model,
                        "becomes": line.becomes,
                        "requests": line.figures.requests,
                        "promptTokens": line.figures.prompt_tokens,
                        "completionTokens": line.figures.completion_tokens,
                        "cachedTokens": line.figures.cached_tokens,
                        "actualCost": line.figures.cost,
                        "cost": line.cost,
                        "difference": line.difference,
                        "basis": line.basis,
                    }
                    for line in found.lines
                ],
            }
        )


def _price_list(body: Mapping[str, Any]) -> PriceList:
    of_model: dict[str, Prices] = {}
    for row in body.get("priceList") or ():
        if row["modelId"] in of_model:
            raise InvalidInput(fields={"priceList": f"priceList names {row['modelId']} more than once."})
        of_model[row["modelId"]] = _prices(row)
    others = body.get("prices")
    return PriceList(of_model, _prices(others) if others else None)


def _prices(given: Mapping[str, Any]) -> Prices:
    return Prices(
        given["inputCostPerToken"], given["outputCostPerToken"], given.get("cachedInputCostPerToken")
    )
