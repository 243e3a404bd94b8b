"""The merged OpenAPI document."""

from typing import Any

import httpx2
import pytest

from ..conftest import Live
from .conftest import document, openapi

OWN: dict[str, Any] = {
    "paths": {"/overview": {"get": {}}},
    "components": {"schemas": {"Overview": {}}, "securitySchemes": {"access token": {}}},
}
SHOP: dict[str, Any] = {
    "paths": {
        "/items": {"get": {"operationId": "list"}, "delete": {}},
        "/items/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "get": {"responses": {"200": {"$ref": "#/components/responses/Item"}}},
        },
        "/admin": {"get": {}},
    },
    "components": {"parameters": {"Id": {}}, "securitySchemes": {"other": {}}},
}


def route(**more: object) -> document.RoutePart:
    given = {"name": "shop", "upstream": "shop", "scopes": [], **more}
    return document.RoutePart.model_validate(given)


def test_operations_stand_under_the_paths_that_clients_know() -> None:
    routes = [route(prefix="/api/tea", rewrite="/items", methods=["GET"])]

    found = openapi.merged(OWN, routes, {"shop": SHOP})

    assert found["paths"].keys() == {"/overview", "/api/tea", "/api/tea/{id}"}
    assert found["paths"]["/api/tea"].keys() == {"get"}
    assert found["paths"]["/api/tea"]["get"]["operationId"] == "shop_list"
    assert found["paths"]["/api/tea"]["get"]["security"] == [{"access token": []}]


def test_references_stay_within_their_upstream() -> None:
    found = openapi.merged(OWN, [route(path="/items/{key}", public=True)], {"shop": SHOP})

    [parameter] = found["paths"]["/items/{id}"]["get"]["parameters"]
    assert parameter == {"$ref": "#/components/parameters/shop.Id"}
    assert found["components"]["parameters"] == {"shop.Id": {}}
    assert found["components"]["schemas"] == {"Overview": {}}
    assert found["components"]["securitySchemes"] == {"access token": {}}
    assert found["paths"]["/items/{id}"]["get"]["security"] == []


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_document_is_served_by_the_gateway_itself(gateway: Live, path: str) -> None:
    assert httpx2.get(gateway.url + path).status_code == 200
