"""Every endpoint is sent what its document allows and what it forbids, through the real WSGI application.

Nothing may be answered by a 5xx, by a status the document does not name, or by a body of another shape.
"""

import json
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from yunying.api import api
from yunying.platform.products import services
from yunying.platform.products.access import Permission

pytestmark = pytest.mark.long

EXAMPLES = 5
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


def document() -> dict[str, Any]:
    """The API's document in which the only product is `tea`: other names would all end at the same 404."""
    schema: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema()))
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                if (parameter["in"], parameter["name"]) == ("path", "product"):
                    parameter["schema"] = {"type": "string", "enum": ["tea"]}
    return schema


OPERATIONS = sorted(
    (path, method) for path, operations in api.get_openapi_schema()["paths"].items() for method in operations
)


@pytest.fixture(scope="module")
def described() -> Any:
    schema = schemathesis.openapi.from_dict(document())
    schema.app = get_wsgi_application()
    return schema


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_nothing_sent_breaks_an_endpoint_or_its_document(path, method, described, access, store, monkeypatch):
    monkeypatch.setattr("yunying.platform.products.rest.CALLS_PER_MINUTE", 1_000_000)
    every = [permission.value for permission in Permission]
    secret = services.create_api_key(access=access, name="fuzz", scopes=every).secret
    operation = described[path][method.upper()]
    modes = [GenerationMode.POSITIVE]
    if operation.body or operation.query or operation.path_parameters:
        modes.append(GenerationMode.NEGATIVE)

    @settings(
        max_examples=EXAMPLES * len(modes),
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes]))
    def send(case: Any) -> None:
        case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {secret}"})

    send()
