"""Labels that look wrong."""

from typing import Any

import numpy as np
import pytest

from annotator.flow.annotation import revise
from annotator.flow.features import encode
from annotator.flow.projects import members, settings
from annotator.flow.quality import label_errors
from annotator.flow.queue import leasing
from annotator.flow.review import candidates
from annotator.models import Annotation, Item, Project, ReviewRequest, Source, User
from annotator.pool import audit_set, training_set
from selection.features import Features
from selection.models import MultiLabel, SingleLabel
from tests import loop
from tests.given import Fill, Learn, PutState

pytestmark = pytest.mark.django_db


def find(project: Project) -> Any:
    labels = list(project.labels.all())
    space = encode.current_space(project)
    known = training_set.load_training_set(project, space, [label.pk for label in labels])
    return label_errors.find_label_errors(project, space, known, labels), labels


@pytest.fixture
def labelled(put_state: PutState) -> Any:
    """Sixty items, all with the right label, none of them left to audits."""
    return put_state(_labelled)


def _labelled() -> Project:
    project = loop.mail_project()
    project.audit_share = 0.0
    project.save()
    loop.fill(project, 60)
    loop.make_features(project)
    loop.label(project, loop.person("ana"), 60)
    return project


def wrong(project: Project, user: User, number: Any) -> Any:
    """Flip some labels, and return their keys."""
    turned = []
    for annotation in Annotation.objects.filter(project=project).order_by("pk")[5 : 5 + number]:
        other = "ham" if loop.truth(annotation.item) == ["spam"] else "spam"
        revise.correct(annotation, user, [other])
        turned.append(annotation.pk)
    return turned


def test_labels_that_were_turned_round_are_suspected_first(labelled: Any, ana: User) -> None:
    turned = wrong(labelled, ana, 3)
    found, labels = find(labelled)
    first = [row["annotations"] for row in found["suspect"][:3]]
    assert sorted(first) == [[pk] for pk in turned]
    assert found["judged"] == 60
    row = found["suspect"][0]
    assert {*row["given"], *row["instead"]} == {label.pk for label in labels}
    assert row["why"].startswith("The model predicts “")
    assert row["item"] == Annotation.objects.get(pk=row["annotations"][0]).item_id


def test_suspects_go_to_the_second_looks(labelled: Any, ana: User) -> None:
    turned = wrong(labelled, ana, 3)
    found, _labels = find(labelled)
    proposals = label_errors.proposals(found)
    assert candidates.request_reviews(labelled, proposals) >= 3
    looks = ReviewRequest.objects.filter(about__in=turned)
    assert looks.count() == 3
    look = looks.first()
    assert look.instead == loop.ids(labelled, *loop.truth(look.item))


def test_what_audits_have_or_will_have_is_never_doubted(labelled: Any, ana: User) -> None:
    wrong(labelled, ana, 3)
    labelled.audit_share = 0.5
    labelled.save()
    left = set(
        Item.objects.filter(
            project=labelled, audit_key__lt=audit_set.audit_threshold(labelled)
        ).values_list("pk", flat=True)
    )
    found, _labels = find(labelled)
    assert 0 < found["judged"] < 60
    assert found["judged"] == 60 - len(left)
    assert not {row["item"] for row in found["suspect"]} & left
    audited = Annotation.objects.filter(project=labelled).order_by("-item__audit_key").first()
    Annotation.objects.filter(pk=audited.pk).update(source=Source.AUDIT)
    # The frontier is the newest audit now, so that everything is part of the audit set.
    assert find(labelled)[0]["judged"] == 0


def test_too_few_labels_doubt_nothing(
    project: Project, filled: Fill, learnt: Learn, ana: User
) -> None:
    filled(project, 30)
    learnt(project)
    loop.label(project, ana, 8)
    found, _labels = find(project)
    assert found["judged"] == 0
    assert found["suspect"] == []


def test_one_label_only_doubts_nothing(
    project: Project, filled: Fill, learnt: Learn, ana: User
) -> None:
    filled(project, 40)
    learnt(project)
    for _ in range(30):
        loop.answer(leasing.lease_next(project, ana), ["spam"])
    found, _labels = find(project)
    assert (found["judged"], found["suspect"]) == (0, [])


def test_several_labels_are_doubted_one_by_one(
    olga: User, ana: User, filled: Fill, learnt: Learn
) -> None:
    project = settings.create_project(
        olga,
        name="Tags",
        labels=["spam", "ham", "odd"],
        multi_label=True,
        seed=7,
        features="text-quick",
        audit_share=0.0,
    )
    members.add_member(project, ana.username, "annotator")
    filled(project, 60)
    learnt(project)
    given = loop.label(project, ana, 60)
    revise.correct(given[5], ana, [])
    revise.correct(given[6], ana, ["spam", "ham"])
    found, labels = find(project)
    keys = {label.name: label.pk for label in labels}
    rows = {row["annotations"][0]: row for row in found["suspect"]}
    (truth,) = loop.truth(given[5].item)
    assert rows[given[5].pk]["instead"] == [keys[truth]]
    assert "also predicts" in rows[given[5].pk]["why"]
    assert rows[given[6].pk]["instead"] == [keys[loop.truth(given[6].item)[0]]]
    assert "doesn't predict" in rows[given[6].pk]["why"]


# Near-copies -------------------------------------------------------------------------------------


def known(*y: Any) -> Any:
    n, space = len(y), MultiLabel(2) if np.ndim(y[0]) else SingleLabel(2)
    return training_set.TrainingSet(
        np.arange(n) + 50, np.array(y), np.full(n, 2**62), np.zeros(n, dtype=bool), space
    )


def points(*directions: Any) -> Any:
    rows = np.array([[np.cos(a), np.sin(a)] for a in directions], dtype=np.float32)
    return Features(None, rows, (0, 2))


def test_the_one_that_differs_from_its_near_copies_is_doubted() -> None:
    found = label_errors.contradicting(points(0, 0.001, 0.002, 1, 1.001), known(0, 0, 1, 1, 1))
    assert [(each.position, each.given, each.instead) for each in found] == [(52, [1], [0])]
    assert found[0].score == pytest.approx(2 / 3, abs=1e-4)


def test_of_two_both_are_doubted() -> None:
    found = label_errors.contradicting(points(0, 0.001), known(0, 1))
    assert [(each.position, each.instead, each.score) for each in found] == [
        (50, [1], 0.5),
        (51, [0], 0.5),
    ]
    assert len({each.group for each in found}) == 1


def test_several_labels_contradict_as_a_whole() -> None:
    found = label_errors.contradicting(points(0, 0.001, 1), known([1, 0], [1, 1], [0, 0]))
    assert [(each.given, each.instead) for each in found] == [([0], [0, 1]), ([0, 1], [0])]


def test_features_without_distances_compare_nothing() -> None:
    features = Features(None, np.ones((2, 2), dtype=np.float32))
    assert label_errors.contradicting(features, known(0, 1)) == []
