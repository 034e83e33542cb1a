"""Items that are removed for good, and imports that are undone."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from annotator.errors import Conflict, NotFound
from annotator.flow.annotation import seed_labels
from annotator.flow.datasets import export, importing, removal, undo_import, upload
from annotator.flow.features import encode
from annotator.flow.items import details, listing
from annotator.flow.operations import verify_counts
from annotator.flow.progress import audit_counts, summary
from annotator.flow.projects import settings
from annotator.flow.queue import leasing
from annotator.models import (
    Annotation,
    FeatureShard,
    FormerContent,
    Import,
    Item,
    Lease,
    Project,
    QueueEntry,
    Removal,
    Revision,
    Tally,
    User,
)
from annotator.pool import feature_store, training_set, vector_store
from tests import loop
from tests.flow.items.test_listing import query
from tests.given import PutState, RunRound

pytestmark = pytest.mark.django_db


@pytest.fixture
def worked(put_state: PutState) -> Project:
    """A project of 40 texts, some labelled by two people."""
    return put_state(_worked)


def _worked() -> Project:
    project = loop.mail_project()
    settings.change_settings(project, overlap=2, audit_share=0.3)
    loop.fill(project, 40)
    project = loop.refreshed(project)
    loop.label(project, loop.person("ana"), 14)
    loop.label(project, loop.person("ben"), 9)
    return loop.refreshed(project)


def labelled(project: Project) -> Item:
    return Item.objects.filter(project=project, state=Item.State.LABELLED).order_by("pk")[0]


def remove(project: Project, *items: Item) -> Project:
    for item in items:
        removal.remove_item(project, item.pk)
    return loop.refreshed(project)


def wrong(project: Project) -> list[Any]:
    return [(each.counter, each.of, each.day) for each in verify_counts.recount(project, pause=0)]


def undone(work: Import, user: User, **options: Any) -> Removal:
    return loop.refreshed(undo_import.run(undo_import.request(work, user, **options).pk))


# One item ----------------------------------------------------------------------------------------


def test_nothing_of_an_item_is_left_and_all_counters_are_right(worked: Project) -> None:
    item = labelled(worked)
    text = item.text
    project = remove(worked, item)
    empty = loop.refreshed(item)
    assert (empty.text, empty.meta, empty.content, empty.image, empty.gold) == (
        "",
        {},
        None,
        "",
        None,
    )
    assert empty.state == Item.State.REMOVED
    for rows in (Annotation, QueueEntry, Lease):
        assert not rows.objects.filter(item=item).exists()
    assert not Revision.objects.filter(annotation__item=item).exists()
    assert (project.items, project.population) == (40, 39)
    assert wrong(project) == []
    exported = b"".join(export.stream(project, "jsonl", ["withdrawn", "skipped", "unlabelled"]))
    assert text not in exported.decode()
    assert str(item.pk) not in {str(json.loads(line)["item"]) for line in exported.splitlines()}


def test_numbers_are_of_the_items_that_are_there(worked: Project) -> None:
    before = summary.progress(worked)
    after = summary.progress(remove(worked, labelled(worked)))
    assert after["items"] == before["items"] - 1
    assert after["labelled"] == before["labelled"] - 1
    assert after["answers"] == before["answers"] - 2


def test_item_is_found_nowhere(worked: Project) -> None:
    item = labelled(worked)
    project = remove(worked, item)
    assert item.pk not in {each.pk for each in listing.page(query(project)).items}
    with pytest.raises(NotFound):
        details.find(project, item.pk)
    with pytest.raises(NotFound):
        removal.remove_item(project, item.pk)


def test_same_text_may_be_imported_again(worked: Project) -> None:
    item = labelled(worked)
    text, key = item.text, item.key
    project = remove(worked, item)
    again = loop.bring_in(project, "again.csv", f"id,text\n{key},{text}\n")
    assert (again.created, again.duplicates, again.rejected) == (1, 0, 0)


def test_save_of_an_item_that_went_meanwhile_is_refused_and_stores_nothing(
    worked: Project, ana: User
) -> None:
    lease = leasing.lease_next(worked, ana)
    project = remove(worked, lease.item)
    with pytest.raises((Conflict, NotFound)):
        loop.answer(lease)
    assert not Annotation.objects.filter(item=lease.item).exists()
    assert wrong(project) == []


def test_removed_audits_leave_the_sample_and_the_population(worked: Project) -> None:
    before = audit_counts.count_audits(worked)
    mark = audit_counts.counting_mark(worked)
    audit = (
        Item.objects.filter(project=worked, state=Item.State.LABELLED).order_by("audit_key").first()
    )
    assert audit is not None
    assert before["audited"] > 0
    project = remove(worked, audit)
    assert audit_counts.count_audits(project)["audited"] == before["audited"] - 1
    assert audit_counts.count_audits(project, mark) == audit_counts.count_audits(project)


def test_skipped_and_removed_audit_is_not_counted_as_skipped(worked: Project, ana: User) -> None:
    waiting = Item.objects.filter(project=worked, state=Item.State.POOL).order_by("audit_key")[0]
    # The frontier passes over it, as nothing waits there any more.
    project = remove(worked, waiting)
    counted = audit_counts.count_audits(project)
    assert counted["audits_skipped"] == audit_counts.count_audits(worked)["audits_skipped"] == 0
    assert counted["audited"] >= audit_counts.count_audits(worked)["audited"]


# What was computed -------------------------------------------------------------------------------


def compute(project: Project) -> None:
    for shard in FeatureShard.objects.filter(space__project=project).exclude(state="done"):
        encode.transform(shard.pk)


def stored_features(project: Project, position: int) -> bytes:
    """Return the bytes of all that is stored of the row at a position."""
    found = b""
    for space in project.spaces.filter(dropped=False):
        row = feature_store.gather(space, np.array([position]))
        arrays = row.to_arrays()
        found += b"".join(np.ascontiguousarray(arrays[name]).tobytes() for name in sorted(arrays))
    return found


def test_features_are_made_again_without_the_text(trained: Any) -> None:
    project: Project = trained
    item, other = labelled(project), Item.objects.filter(project=project).last()
    assert other is not None
    before, kept = (stored_features(project, each.position) for each in (item, other))
    project = remove(project, item)
    compute(project)
    assert stored_features(project, item.position) != before
    assert stored_features(project, other.position) == kept
    empty = project.spaces.filter(dropped=False).first()
    assert empty is not None
    assert empty.state == "done"


def test_next_model_learns_without_it(trained: Any, run_round: RunRound) -> None:
    project: Project = trained
    item, before = labelled(project), training_set.label_revision(project)
    used = project.models.first()
    assert used is not None
    project = remove(project, item)
    assert training_set.label_revision(project) > before
    compute(project)
    run_round(project)
    model = project.models.first()
    assert model is not None
    assert model.trained_on == used.trained_on - 1


def test_given_vectors_of_the_others_stay_and_its_own_are_zero(project: Project) -> None:
    lines = [json.dumps({"text": loop.text(n), "v": [1.0, n, 2.0]}) for n in range(12)]
    file = SimpleUploadedFile("v.jsonl", "\n".join(lines).encode())
    work = upload.receive(project, project.created_by, file, vector_column="v")
    importing.run(work.pk)
    project.refresh_from_db()
    before = vector_store.rows(project, "given", "", 0, 12)
    item = Item.objects.get(project=project, position=5)
    removal.remove_item(project, item.pk)
    # The file is replaced when the transaction ends; whoever reads before finds the new one, too.
    after = vector_store.rows(project, "given", "", 0, 12)
    assert not after[5].any()
    others = [n for n in range(12) if n != 5]
    np.testing.assert_array_equal(after[others], before[others])


def picture(shade: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 20), (shade, shade, 90)).save(file, "PNG")
    return file.getvalue()


def test_file_of_a_picture_goes_with_it(
    image_project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for n in range(3):
            archive.writestr(f"{n}.png", picture(60 * n))
    loop.bring_in(image_project, "p.zip", data.getvalue())
    item = Item.objects.filter(project=image_project)[0]
    path = Path(django_settings.MEDIA_ROOT) / item.image
    copy = path.with_suffix(".160.png")
    copy.write_bytes(b"a smaller copy")
    with django_capture_on_commit_callbacks(execute=True):
        project = remove(image_project, item)
    assert not path.exists()
    assert not copy.exists()
    assert len([*path.parents[1].rglob("*.png")]) == 2
    loop.make_features(project)


# Imports -----------------------------------------------------------------------------------------


def second_import(project: Project) -> Import:
    return Import.objects.filter(project=project).order_by("-pk")[0]


def test_undoing_an_import_leaves_other_items_and_what_people_labelled(
    worked: Project, ana: User, olga: User
) -> None:
    loop.fill(worked, 20, start=100)
    work = second_import(worked)
    own = Item.objects.filter(imported=work).order_by("position")
    few = [item.pk for item in own[:3]]
    for pk in few:
        _label_by_hand(worked, pk, ana)
    assert undo_import.foresee(work)["labelled"] == 3
    done = undone(work, olga)
    assert (done.state, done.total, done.removed, done.kept) == ("done", 20, 17, 3)
    project = loop.refreshed(worked)
    assert project.population == 43
    assert set(Item.objects.filter(imported=work).values_list("pk", flat=True)) == set(few)
    assert wrong(project) == []


def _label_by_hand(project: Project, item: int, user: User) -> None:
    found = Item.objects.get(pk=item)
    client_id = f"00000000-0000-0000-0000-{item:012d}"
    seed_labels.seed(project, user, found, labels=["spam"], client_id=client_id)


def test_with_everything_labelled_items_go_too_also_after_the_first_time(
    worked: Project, olga: User
) -> None:
    work = second_import(worked)
    first = undone(work, olga)
    assert first.kept > 0
    done = undone(work, olga, everything=True)
    assert (done.kept, done.removed) == (0, 40)
    project = loop.refreshed(worked)
    assert project.population == 0
    assert wrong(project) == []
    assert not Tally.objects.filter(project=project, labels__gt=0).exists()
    with pytest.raises(Conflict):
        undo_import.request(work, olga, everything=True)


def test_labels_that_it_brought_to_other_items_are_taken_back(project: Project, olga: User) -> None:
    loop.bring_in(project, "a.csv", "id,text\n1,one here\n2,two here\n")
    work = loop.bring_in(
        project, "b.csv", "id,text,label\n1,one here,spam\n3,three here,ham\n", existing="add"
    )
    assert (work.labels_added, work.created) == (1, 1)
    done = undone(work, olga)
    assert (done.removed, done.labels_withdrawn) == (1, 1)
    item = Item.objects.get(project=project, key="1")
    assert (item.state, item.answers) == (Item.State.POOL, 0)
    assert wrong(loop.refreshed(project)) == []


def test_texts_that_it_replaced_come_back(project: Project, olga: User) -> None:
    loop.bring_in(project, "a.csv", "id,text\n1,the first text\n")
    work = loop.bring_in(project, "b.csv", "id,text\n1,another text\n", same_id="update")
    assert Item.objects.get(project=project, key="1").text == "another text"
    done = undone(work, olga)
    assert done.contents_restored == 1
    assert Item.objects.get(project=project, key="1").text == "the first text"
    assert not FormerContent.objects.exists()


def test_seeds_of_the_import_are_no_persons_labels(project: Project, olga: User) -> None:
    work = loop.bring_in(project, "a.csv", "text,label\none here,spam\ntwo here,ham\n")
    done = undone(work, olga)
    assert (done.removed, done.kept) == (2, 0)
    assert wrong(loop.refreshed(project)) == []


def test_undoing_that_was_interrupted_goes_on_where_it_was(
    worked: Project, olga: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop.fill(worked, 25, start=200)
    work = second_import(worked)
    monkeypatch.setattr(undo_import, "ITEMS_AT_ONCE", 10)
    erase, calls = removal.erase, []

    def dies(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == 2:
            raise MemoryError
        return erase(*given)

    monkeypatch.setattr(removal, "erase", dies)
    asked = undo_import.request(work, olga)
    undo_import.run(asked.pk)
    stopped = loop.refreshed(asked)
    assert (stopped.state, stopped.removed) == ("queued", 10)
    Removal.objects.update(retry_at=None)
    undo_import.run(asked.pk)
    done = loop.refreshed(asked)
    assert (done.state, done.removed, done.kept) == ("done", 25, 0)
    assert wrong(loop.refreshed(worked)) == []


def test_import_that_still_runs_is_cancelled_first(project: Project, olga: User) -> None:
    file = SimpleUploadedFile("a.csv", b"text\none\ntwo\n")
    work = upload.receive(project, olga, file)
    done = undone(work, olga)
    assert (done.state, done.total) == ("done", 0)
    assert loop.refreshed(work).state == Import.State.FAILED
    assert importing.run(work.pk) is None
