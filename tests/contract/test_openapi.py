"""The description of the API is what programs are written against."""

import json

import pytest
from django.utils import translation
from drf_spectacular.generators import SchemaGenerator

from tests.contract import snapshots


@pytest.mark.django_db
def test_api_is_described_as_before() -> None:
    with translation.override("en"):
        schema = SchemaGenerator().get_schema(public=True)
    # Texts of lazy translation and of enums become plain ones.
    snapshots.assert_as_stored("openapi.json", json.loads(json.dumps(schema, default=str)))
