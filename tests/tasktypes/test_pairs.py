"""Comparing two texts: brought in, answered, learnt, measured, and given out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from django.test import Client

from annotator.errors import Invalid, WrongType
from annotator.flow.datasets import export
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.models import (
    Annotation,
    Item,
    Membership,
    ModelVersion,
    Project,
    QueueEntry,
    Role,
    Source,
)
from annotator.pool import feature_store, model_files
from tests import loop

pytestmark = pytest.mark.django_db

GOOD, BAD = "clear short friendly helpful".split(), "rude wrong vague endless".split()


@pytest.fixture
def project(olga: Any, ana: Any, lea: Any) -> Project:
    made = settings.create_project(olga, name="Replies", task="text-pairs", seed=3, batch_size=8)
    for user, role in ((ana, Role.ANNOTATOR), (lea, Role.LEAD)):
        Membership.objects.create(project=made, user=user, role=role)
    return made


def text(worth: int, number: int) -> str:
    """Return a text with so many good words among four, and a word of its own."""
    words = GOOD[:worth] + BAD[worth:]
    return f"{' '.join(words)} reply{number}"


def pairs(number: int) -> Iterator[dict[str, str]]:
    """Yield pairs of which the one with more good words is better."""
    for i in range(number):
        one, other = (i * 7) % 5, (i * 3 + i // 5) % 5
        yield {"id": f"p{i}", "text_a": text(one, i), "text_b": text(other, i + number)}


def right(item: Any) -> str:
    """Return the right choice for an item, as it is served or stored."""
    content = item.content if isinstance(item, Item) else item
    worth = [sum(word in content[part].split() for word in GOOD) for part in ("a", "b")]
    return "tie" if worth[0] == worth[1] else "a" if worth[0] > worth[1] else "b"


def fill(project: Project, number: int) -> None:
    rows = "\n".join(json.dumps(each) for each in pairs(number))
    work = loop.bring_in(project, "pairs.jsonl", rows)
    assert (work.state, work.rejected, work.created) == ("done", 0, number), work.errors


def label(project: Project, user: Any, number: int) -> None:
    for _ in range(number):
        lease = leasing.lease_next(project, user)
        assert lease is not None
        loop.answer(lease, [right(lease.item)])


@pytest.fixture
def learnt(project: Project, ana: Any) -> Project:
    fill(project, 100)
    loop.make_features(project)
    label(project, ana, 50)
    loop.go_round(project)
    return project


# In ----------------------------------------------------------------------------------------------


def test_choices_are_fixed(project: Project, olga: Any) -> None:
    assert [(each.name, each.hotkey) for each in project.labels.all()] == [
        ("a", "a"),
        ("b", "b"),
        ("tie", "t"),
    ]
    with pytest.raises(Invalid):
        settings.create_project(olga, name="B", task="text-pairs", labels=["x", "y"])
    with pytest.raises(Invalid):
        settings.create_project(olga, name="B", task="text-pairs", multi_label=True)
    with pytest.raises(Invalid):
        settings.change_project(project, labels=["x", "y"])


@pytest.mark.parametrize("names", ["a,b", "text_a,text_b", "B,A"])
def test_columns_are_found_by_their_names(project: Project, names: str) -> None:
    loop.bring_in(project, "pairs.csv", f"{names},year\nhello,bye,2020\n")
    item = Item.objects.get(project=project)
    one, other = ("bye", "hello") if names == "B,A" else ("hello", "bye")
    assert item.content == {"a": one, "b": other}
    assert item.text == f"{one}\n\n{other}"
    assert item.meta == {"year": "2020"}


def test_missing_column_and_other_files_are_refused(project: Project) -> None:
    with pytest.raises(Invalid, match="text B"):
        loop.bring_in(project, "pairs.csv", "a,c\n1,2\n")
    with pytest.raises(Invalid, match="“text” isn't a text"):
        loop.bring_in(project, "pairs.csv", "a,b\n1,2\n", text_column="a")
    with pytest.raises(WrongType):
        loop.bring_in(project, "pairs.png", b"\x89PNG\r\n\x1a\n")


def test_same_pair_is_a_duplicate_and_the_swapped_one_is_not(project: Project) -> None:
    work = loop.bring_in(project, "pairs.csv", "a,b\nx,y\nx,y\ny,x\nxy,\n")
    assert (work.created, work.duplicates, work.rejected) == (2, 1, 1)
    assert work.errors[0]["code"] == "empty_text"


def test_labels_of_a_file_are_choices(project: Project) -> None:
    loop.bring_in(project, "pairs.csv", "a,b,label\nx,y,b\nv,w,tie\nr,s,c\n")
    given = [each.given.get().label.name for each in Annotation.objects.order_by("item_id")]
    assert given == ["b", "tie"]


# Learning ----------------------------------------------------------------------------------------


def test_model_learns_which_is_better(learnt: Project) -> None:
    version = ModelVersion.objects.get(project=learnt)
    encoder = model_files.load_encoder(version.space_id)
    rest = list(Item.objects.filter(project=learnt, answers=0))
    proba = model_files.load_model(version).predict_proba(
        encoder.transform([(each.content["a"], each.content["b"]) for each in rest])
    )
    decided = [["a", "b", "tie"][int(row.argmax())] for row in proba]
    clear = [(decided[i], right(each)) for i, each in enumerate(rest) if right(each) != "tie"]
    assert len(clear) > 20
    assert np.mean([said == true for said, true in clear]) > 0.75
    # The worse one is not the better one: the tie lies in between.
    assert np.mean([said not in ("tie", true) for said, true in clear]) < 0.1


def test_swapping_the_texts_swaps_the_prediction(learnt: Project) -> None:
    version = ModelVersion.objects.get(project=learnt)
    encoder, model = model_files.load_encoder(version.space_id), model_files.load_model(version)
    both = [(text(i % 5, i), text((i * 2) % 5, i + 40)) for i in range(30)]
    there = model.predict_proba(encoder.transform(both))
    back = model.predict_proba(encoder.transform([pair[::-1] for pair in both]))
    np.testing.assert_allclose(there[:, [1, 0, 2]], back, atol=1e-5)
    assert np.ptp(there[:, 0]) > 0.5


def test_features_are_differences(learnt: Project) -> None:
    space = learnt.spaces.order_by("-quality").first()
    assert space is not None
    assert {each.recipe for each in learnt.spaces.all()} == {"pairs-quick", "pairs"}
    found = feature_store.gather(space, np.array([0]))
    item = Item.objects.get(project=learnt, position=0)
    encoder = model_files.load_encoder(space.pk)
    swapped = encoder.transform([(item.content["b"], item.content["a"])])
    np.testing.assert_allclose(np.asarray(found.dense), -swapped.dense, atol=1e-3)


def test_audits_measure_the_model(learnt: Project, ana: Any) -> None:
    label(learnt, ana, 45)
    turn = loop.go_round(learnt)
    assert turn.phase
    found = ModelVersion.objects.filter(project=learnt).latest("number").accuracy
    assert found is not None
    assert found["n"] > 5
    assert found["value"] > 0.5


def test_uncertain_pairs_are_asked_first(learnt: Project, ana: Any) -> None:
    entries = QueueEntry.objects.filter(project=learnt, source=Source.ACTIVE)
    assert entries.exists()
    assert all(each.strategy and each.score is not None for each in entries)


# Out ---------------------------------------------------------------------------------------------


def records(project: Project, form: str = "jsonl", include: tuple[str, ...] = ()) -> str:
    return b"".join(export.stream(project, form, include)).decode()


def test_export_says_the_choice_and_both_texts(learnt: Project) -> None:
    first = json.loads(records(learnt).splitlines()[0])
    assert {"a", "b", "choice"} <= set(first)
    assert not {"labels", "text", "image"} & set(first)
    assert first["choice"] == right(first)
    head = records(learnt, "csv").splitlines()[0].lstrip("\ufeff").split(",")
    assert {"a", "b", "choice"} <= set(head)


def test_export_of_an_item_without_an_answer_has_no_choice(project: Project) -> None:
    loop.bring_in(project, "pairs.csv", "a,b\nx,y\n")
    (line,) = records(project, include=("unlabelled",)).splitlines()
    assert json.loads(line)["choice"] is None


# The API -----------------------------------------------------------------------------------------


@pytest.fixture
def ask(api: Any, ana: Any, project: Project) -> Any:
    client = api(ana)

    def asked(tail: str, body: Any, method: str = "post") -> Any:
        return getattr(client, method)(f"/api/v1/projects/{project.pk}/{tail}", body)

    return asked


def saved(ask: Any, choice: Any, **more: Any) -> Any:
    lease = ask("next", {}).json()["lease"]
    body = {"lease": lease, "choice": choice, "client_id": str(uuid.uuid4()), **more}
    return ask("annotations", body)


def test_calls_take_and_tell_the_choice(project: Project, ask: Any) -> None:
    fill(project, 10)
    served = ask("next", {}).json()
    assert set(served["item"]) == {"id", "key", "a", "b", "meta"}
    made = saved(ask, "tie")
    assert made.status_code == 201
    body = made.json()
    assert body["annotation"]["choice"] == "tie"
    assert "labels" not in body["annotation"]
    number = body["annotation"]["id"]
    changed = ask(f"annotations/{number}", {"choice": "b"}, "patch").json()["annotation"]
    assert changed["choice"] == "b"
    own = ask("annotations", None, "get").json()["results"][0]
    assert own["choice"] == "b"
    assert own["history"][0]["choice"] == "tie"


@pytest.mark.parametrize("choice", ["c", "A", "", None, 1, ["a"], {"a": 1}])
def test_other_choices_are_refused_by_name(project: Project, ask: Any, choice: Any) -> None:
    fill(project, 5)
    refused = saved(ask, choice)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "choice"


def test_labels_are_an_unknown_field_and_elsewhere_the_choice_is(
    project: Project, ask: Any, api: Any, ana: Any, olga: Any
) -> None:
    fill(project, 5)
    lease = ask("next", {}).json()["lease"]
    body = {"lease": lease, "labels": ["a"], "client_id": str(uuid.uuid4())}
    assert ask("annotations", body).status_code == 422
    texts = settings.create_project(olga, name="Texts", labels=["a", "b"])
    Membership.objects.create(project=texts, user=ana, role=Role.ANNOTATOR)
    loop.fill(texts, 3)
    at = f"/api/v1/projects/{texts.pk}"
    lease = api(ana).post(f"{at}/next", {}).json()["lease"]
    body = {"lease": lease, "choice": "a", "client_id": str(uuid.uuid4())}
    assert api(ana).post(f"{at}/annotations", body).status_code == 422


def decision(lease: str, **said: Any) -> dict[str, Any]:
    return {"kind": "label", "client_id": str(uuid.uuid4()), "lease": lease, **said}


def test_window_decides_by_choice_or_by_the_ids_of_its_buttons(
    project: Project, ask: Any, ana: Any
) -> None:
    fill(project, 10)
    window = {"page": "w", "person": ana.pk, "want": 2}
    first, second = ask("desk", window).json()["next"]
    tie = project.labels.get(name="tie").pk
    said = [decision(first["lease"], choice="a"), decision(second["lease"], label_ids=[tie])]
    told = ask("desk", {**window, "decisions": said}).json()["decisions"]
    assert [each["state"] for each in told] == ["saved", "saved"]
    assert [each["annotation"]["choice"] for each in told] == ["a", "tie"]
    (third,) = ask("desk", {**window, "want": 1}).json()["next"][:1]
    wrong = [decision(third["lease"], choice="c"), decision(third["lease"], labels=["a"])]
    told = ask("desk", {**window, "decisions": wrong}).json()["decisions"]
    assert [each["state"] for each in told] == ["refused", "refused"]


def test_prediction_takes_pairs(learnt: Project, ask: Any) -> None:
    items = [{"a": text(4, 1), "b": text(0, 2)}, {"a": text(0, 2), "b": text(4, 1)}]
    one, other = ask("predict", {"items": items}).json()["predictions"]
    assert (one["choice"], other["choice"]) == ("a", "b")
    assert one["confidence"] == one["proba"]["a"]
    assert one["proba"]["a"] == pytest.approx(other["proba"]["b"], abs=1e-4)
    assert ask("predict", {"items": [{"text": "x"}]}).status_code == 422


def test_suggestion_is_a_choice_with_its_confidence(learnt: Project, ask: Any) -> None:
    seen = [ask("next", {}).json()["suggestion"]]
    for _ in range(12):
        seen.append(saved(ask, "a").json()["next"]["suggestion"])
    shown = [each for each in seen if each is not None]
    assert shown
    assert all(set(each) == {"choice", "confidence"} for each in shown)


def test_disagreement_is_decided_by_choice(
    project: Project, api: Any, ana: Any, ben: Any, lea: Any
) -> None:
    Membership.objects.create(project=project, user=ben, role=Role.ANNOTATOR)
    settings.change_settings(project, overlap=2)
    project.refresh_from_db()
    fill(project, 3)
    for user, choice in ((ana, "a"), (ben, "b")):
        for _ in range(3):
            loop.answer(leasing.lease_next(project, user), [choice])
    at = f"/api/v1/projects/{project.pk}/disagreements"
    row = api(lea).get(at).json()["results"][0]
    assert [each["choice"] for each in row["opinions"]] == ["a", "b"]
    decided = api(lea).post(f"{at}/{row['item']['id']}", {"choice": "tie"}).json()
    assert decided["decision"]["choice"] == "tie"


# Pages -------------------------------------------------------------------------------------------


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_desk_shows_both_texts_and_names_the_choices(project: Project, ana: Any) -> None:
    loop.bring_in(project, "pairs.csv", "a,b\n<b>one</b>,two\n")
    page = signed_in(ana).get(f"/projects/{project.pk}/label").content.decode()
    assert "&lt;b&gt;one&lt;/b&gt;" in page
    assert page.index('data-part="a"') < page.index('data-part="b"')
    assert [name in page for name in ("A is better", "B is better", "Equal")] == [True] * 3
    assert "medium/text-pairs/columns" in page


@pytest.mark.parametrize("tail", ["bulk", "simulations"])
def test_pages_that_make_no_sense_are_not_there(project: Project, lea: Any, tail: str) -> None:
    client = signed_in(lea)
    assert client.get(f"/projects/{project.pk}/{tail}").status_code == 404
    board = client.get(f"/projects/{project.pk}/").content.decode()
    assert f"/projects/{project.pk}/{tail}" not in board


@pytest.mark.parametrize(
    "tail", ["", "items", "quality", "disagreements", "settings", "imports", "map", "summary"]
)
def test_other_pages_show_a_project_of_pairs(learnt: Project, olga: Any, tail: str) -> None:
    found = signed_in(olga).get(f"/projects/{learnt.pk}/{tail}")
    assert found.status_code == 200, found.content[:500]
