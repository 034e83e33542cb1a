"""Deliveries by task type: comparisons of texts go out, spans are refused with a reason."""

import sys
from decimal import Decimal
from pathlib import Path

import pytest

from annotator.errors import FlowError
from annotator.flow.delivery import freezing, planning, promises, proof
from annotator.flow.projects import settings
from annotator.formats.registry import WRITERS
from annotator.models import Delivery, DeliveryCheck, Item, User
from annotator.pool import delivery_regions
from tests import loop
from tests.flow.delivery.test_trained_model import predicted, unpacked
from tests.tasktypes.test_pairs import fill, label, right

pytestmark = pytest.mark.django_db


def test_comparisons_are_delivered(
    lea: User, ana: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In one of twenty orders, all is labelled before the proof ends.
    monkeypatch.setattr(planning.secrets, "randbits", lambda _bits: 5)
    olga = loop.person("olga")
    made = settings.create_project(olga, name="Replies", task="text-pairs", seed=3)
    project = loop.with_members(made)
    fill(project, 600)
    loop.make_features(project)
    label(project, ana, 160)
    loop.go_round(project)
    loop.rest(project)
    work = promises.start(project, lea, max_error=Decimal("0.4"), only_attempt=True)
    assert planning.plan(work.pk) is not None
    proof.go_on(work.pk)
    while not loop.refreshed(work).is_proven:
        drawn = work.checks.filter(verdict=DeliveryCheck.Verdict.OPEN)
        assert drawn.exists(), loop.refreshed(work).standing
        label(project, ana, 10)
        proof.go_on(work.pk)
    freezing.start(loop.refreshed(work))
    freezing.freeze(work.pk)
    work = loop.refreshed(work)
    assert work.card["machine"] > 50
    check_script(work, tmp_path)
    for format, writer in WRITERS.items():
        if not writer.of_spans:
            assert b"".join(freezing.stream(work, format))


def check_script(work: Delivery, folder: Path) -> None:
    """The script answers as the frozen model did."""
    (region,) = delivery_regions.load(work)
    assert work.model is not None
    names = {each.pk: each.name for each in work.project.labels.all()}
    items = {each.position: each for each in Item.objects.filter(project=work.project)}
    rows = [items[position].content for position in region.positions.tolist()]
    told = predicted(Path(sys.executable), unpacked(work, folder), rows)
    for given, row in zip(region.classes(3), told, strict=True):
        own = [names[pk] for pk, is_it in zip(work.model.labels, given, strict=True) if is_it]
        assert row["labels"] == own
    agree = sum(
        row["labels"] == [right(items[position])]
        for position, row in zip(region.positions.tolist(), told, strict=True)
    )
    assert agree > 0.5 * len(told)


def test_spans_are_refused_with_what_to_do_instead(lea: User) -> None:
    project = settings.create_project(
        lea, name="Names", task="text-spans", labels=["person", "place"]
    )
    with pytest.raises(FlowError, match="spans") as refused:
        promises.start(project, lea)
    assert "Export" in refused.value.detail
    assert not Delivery.objects.exists()
