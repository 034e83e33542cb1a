"""The list of buckets names each with its store, and never has credentials."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from annotator import environment
from annotator.environment import Environment

NAME = "WINNOW_IMPORT_BUCKETS"


def buckets(monkeypatch: pytest.MonkeyPatch, given: str) -> dict[str, str]:
    monkeypatch.setenv(NAME, given)
    return Environment().buckets(NAME)


def test_buckets_have_their_stores(monkeypatch: pytest.MonkeyPatch) -> None:
    given = " s3://scans, https://store.example.org/texts/ ,http://[::1]:9000/a.b-c,"
    assert buckets(monkeypatch, given) == {
        "scans": "",
        "texts": "https://store.example.org",
        "a.b-c": "http://[::1]:9000",
    }
    assert buckets(monkeypatch, " ") == {}


@pytest.mark.parametrize(
    "given",
    [
        *("scans", "s3://", "s3:///scans", "s3://scans/folder", "https://store.example.org"),
        *("https://store.example.org/a/b", "https://key:pass@store.example.org/scans"),
        *("ftp://store/scans", "https://store/scans?x=1", "https://store:x/scans", "s3://a?b"),
        *("s3://scans,https://store/scans", "s3://scans#a", "file:///etc/passwd"),
    ],
)
def test_others_are_refused_without_being_told(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=NAME) as refused:
        buckets(monkeypatch, given)
    assert "pass@" not in str(refused.value)


def test_buckets_without_their_packages_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "find_spec", lambda _name: None)
    with pytest.raises(ImproperlyConfigured, match="extra s3"):
        buckets(monkeypatch, "s3://scans")
    assert buckets(monkeypatch, "") == {}
