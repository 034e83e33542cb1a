"""Predictions of texts, of items of the project, and of pictures."""

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from annotator.models import FeatureShard, Item, Project, User
from annotator.tasktypes.media.image import Image as Pictures
from tests.api.calls import assert_refused, at
from tests.given import Api

pytestmark = pytest.mark.django_db


def predicted(client: Any, project: Project, *items: Any) -> list[dict[str, Any]]:
    answer = client.post(at(project, "/predict"), {"items": list(items)})
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["predictions"]
    return found


def test_prediction_has_its_confidence(api: Api, busy: Project, ana: User) -> None:
    (each,) = predicted(api(ana), busy, {"text": "prize money"})
    assert each["confidence"] == pytest.approx(max(each["proba"].values()), abs=1e-5)


def test_item_is_predicted_like_its_text(api: Api, busy: Project, ana: User) -> None:
    items = list(Item.objects.present(busy).order_by("-position")[:3])
    mixed = [{"item": items[0].pk}, {"text": items[1].text}, {"item": items[2].pk}]
    by_id = predicted(api(ana), busy, *mixed)
    by_text = predicted(api(ana), busy, *({"text": each.text} for each in items))
    for one, other in zip(by_id, by_text, strict=True):
        assert one["labels"] == other["labels"]
        assert one["proba"] == pytest.approx(other["proba"], abs=1e-3)


def test_item_without_features_is_read_afresh(api: Api, busy: Project, ana: User) -> None:
    item = Item.objects.present(busy).latest("position")
    before = predicted(api(ana), busy, {"item": item.pk})
    FeatureShard.objects.filter(space__project=busy).update(state=FeatureShard.State.QUEUED)
    (now,) = predicted(api(ana), busy, {"item": item.pk})
    assert now["proba"] == pytest.approx(before[0]["proba"], abs=1e-3)


def test_item_of_another_project_is_unknown(
    api: Api, busy: Project, image_project: Project, ana: User
) -> None:
    other = Item.objects.create(
        project=image_project,
        position=0,
        audit_key=1,
        key="x",
        content_hash=b"\0" * 16,
        image="x.png",
    )
    answer = api(ana).post(at(busy, "/predict"), {"items": [{"item": other.pk}]})
    told = assert_refused(answer, 422, "predict_unknown_item", "items")
    assert told["detail"] == f"Item {other.pk} isn't in this project."


@pytest.mark.parametrize(
    "item",
    [
        {"item": "x"},
        {"item": 0},
        {"item": None},
        {"item": 1, "text": "a"},
        {"item": True},
        {"item": 2**70},
        {"vector": [0.5]},
    ],
)
def test_malformed_item_is_refused(api: Api, busy: Project, ana: User, item: Any) -> None:
    assert_refused(api(ana).post(at(busy, "/predict"), {"items": [item]}), 422)


def picture(content: bytes | None = None) -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(out, "PNG")
    return SimpleUploadedFile("a.png", out.getvalue() if content is None else content)


def test_pictures_are_sent_as_files(
    api: Api, image_project: Project, ana: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    document = Pictures.document

    def kept(self: Pictures, given: dict[str, Any]) -> Any:
        read.append(document(self, given))
        return read[-1]

    monkeypatch.setattr(Pictures, "document", kept)
    url = at(image_project, "/predict")
    files = {"items": [picture(), picture()]}
    assert_refused(api(ana).post(url, files, format="multipart"), 409, "no_model")
    assert [Image.open(io.BytesIO(each)).size for each in read] == [(40, 30)] * 2
    bad = {"items": [picture(b"no picture")]}
    refused = api(ana).post(url, bad, format="multipart")
    assert_refused(refused, 422, "predict_bad_picture", "items")
    assert_refused(api(ana).post(url, {"items": [{"text": "a"}]}), 422, "predict_pictures", "items")


def test_texts_are_not_sent_as_files(api: Api, busy: Project, ana: User) -> None:
    answer = api(ana).post(at(busy, "/predict"), {"items": [picture()]}, format="multipart")
    assert_refused(answer, 422, "predict_json", "items")
