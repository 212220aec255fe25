"""Looking a route up by its first segment finds what trying one after the other finds."""

import pytest
from django.urls import Resolver404, URLResolver, get_resolver, re_path
from django.urls.resolvers import RoutePattern

from litemaas.api.routes import SegmentedResolver, below, route


def view(*_args, **_parts):
    return None


ROUTES = [
    re_path(r"^$", view, name="root"),
    route("openapi.json", view, "document"),
    route("users", view, "users"),
    route("users/<uuid:pk>/keys", view, "keys"),
    route("models/sync", view, "sync"),
    route("models/<path:model_id>", view, "model"),
    re_path(r"^(?P<anything>[a-z]+)/odd$", view, name="odd"),
]
OURS = (
    "accounts",
    "apikeys",
    "catalog",
    "jobs",
    "litemaas",
    "notifications",
    "portal",
    "subscriptions",
    "teams",
    "usage",
)
ONE = "0b9e5a34-6f3c-4a4b-9d6a-2f6f5b1f6a01"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("", "root"),
        ("openapi.json", "document"),
        ("users", "users"),
        ("users/", "users"),
        (f"users/{ONE}/keys", "keys"),
        ("models/sync", "sync"),
        ("models/lab/model/x", "model"),
        ("users/odd", "odd"),
        ("nowhere/odd", "odd"),
    ],
)
def test_each_route_is_found(path, name):
    plain = URLResolver(RoutePattern("api/"), ROUTES).resolve(f"api/{path}")
    found = below("api/", ROUTES).resolve(f"api/{path}")
    assert found.url_name == plain.url_name == name
    assert found.kwargs == plain.kwargs


@pytest.mark.parametrize(
    "path", ["api/userss", "api/users/1/keys", "api/nothing", "app/users", "openapiXjson"]
)
def test_what_is_no_route_is_none(path):
    with pytest.raises(Resolver404):
        below("api/", ROUTES).resolve(path)


def test_the_routes_of_the_project_are_looked_up_like_this():
    resolver = next(e for e in get_resolver().url_patterns if str(e.pattern) == "api/v1/")
    assert isinstance(resolver, SegmentedResolver)
    assert len(resolver._by_segment[""].url_patterns) < len(resolver.url_patterns) / 5


def test_no_two_addresses_of_ours_have_one_name():
    """Else a link leads to whichever of them was found first."""

    def named(patterns):
        for one in patterns:
            if isinstance(one, URLResolver):
                if one.namespace is None:
                    yield from named(one.url_patterns)
            elif one.name and str(one.lookup_str).startswith(OURS):
                # The same view at a second address, an older spelling of it, is meant.
                yield one.name, one.lookup_str

    views = {}
    for name, view_name in named(get_resolver().url_patterns):
        views.setdefault(name, set()).add(view_name)
    assert {name: found for name, found in views.items() if len(found) > 1} == {}
