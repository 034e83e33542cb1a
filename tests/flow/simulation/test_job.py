"""A simulation job: prepared once, one run a message, resumed after a worker died."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from annotator.errors import Conflict, FlowError, NotFound
from annotator.flow.datasets import upload
from annotator.flow.operations import cleanup
from annotator.flow.simulation import dataset, encoded, job, runs
from annotator.jobs.runner import sweep
from annotator.models import Job, Project, Simulation, User, jobs
from annotator.pool import feature_store
from tests import hashing_encoder, loop
from tests.given import Fill, Learn

pytestmark = pytest.mark.django_db


def labelled(number: Any) -> Any:
    lines = [f"{loop.text(i)},{'spam' if i % 2 == 0 else 'ham'}" for i in range(number)]
    return "\n".join(["text,label", *lines]).encode()


def begin(
    project: Project, user: User, content: Any = None, name: str = "mail.csv", **options: Any
) -> Any:
    file = SimpleUploadedFile(name, labelled(100) if content is None else content)
    given = {"strategies": ["auto"], "labels": 40, "seeds": 1, "file": file, **options}
    return job.start(project, user, **given)


def go(work: Any) -> Any:
    """Run the job to its end, as the workers would."""
    while job.go_on(work.pk) is not None:
        pass
    return loop.refreshed(work)


# Starting ----------------------------------------------------------------------------------------


def test_what_is_to_be_done_is_stored(project: Project, lea: User) -> None:
    work = begin(project, lea, seeds=3, strategies=["auto", "random"])
    assert (work.state, work.stage) == (Job.State.QUEUED, Simulation.Stage.PREPARE)
    assert (work.name, work.user, work.strategies) == ("mail.csv", lea, ["auto"])
    assert (work.audit_share, work.batch) == (project.audit_share, project.retrain_every)
    # The baseline, random and auto, each three times.
    assert (work.done, work.total) == (0, 9)


def test_run_has_at_most_fifty_rounds_so_that_others_get_their_turn(
    project: Project, lea: User
) -> None:
    assert begin(project, lea, labels=2000).batch == 40


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"strategies": []}, "strategies"),
        ({"strategies": ["nonsense"]}, "strategies"),
        ({"labels": 0}, "labels"),
        ({"labels": 2001}, "labels"),
        ({"seeds": 0}, "seeds"),
        ({"seeds": 11}, "seeds"),
        ({"seeds": 10, "strategies": ["auto", "margin", "badge", "entropy", "coreset"]}, "seeds"),
        ({"content": b""}, "file"),
        ({"content": b"other\nx\n", "text_column": "text"}, "text_column"),
        ({"name": "mail.exe"}, "file"),
        ({"features": ["nonsense"]}, "features"),
        ({"features": ["given"]}, "features"),
        ({"file": None}, "file"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    project: Project, lea: User, options: Any, field: str
) -> None:
    with pytest.raises(FlowError) as caught:
        begin(project, lea, **options)
    assert caught.value.errors[0]["field"] == field
    assert not Simulation.objects.exists()
    assert not list(upload.uploads_folder().iterdir())


def test_only_one_is_under_way_in_a_project(project: Project, lea: User) -> None:
    work = begin(project, lea)
    with pytest.raises(Conflict):
        begin(project, lea)
    assert [each.name for each in upload.uploads_folder().iterdir()] == [work.path]
    with pytest.raises(IntegrityError), transaction.atomic():
        Simulation.objects.create(
            project=project, strategies=[], seeds=1, labels=1, batch=1, audit_share=0, total=1
        )


# Doing it ----------------------------------------------------------------------------------------


def test_one_message_does_one_run(project: Project, lea: User) -> None:
    work = begin(project, lea, seeds=2)
    seen = []
    while job.go_on(work.pk) is not None:
        now = loop.refreshed(work)
        assert (now.state, now.attempts) == (Job.State.QUEUED, 0)
        seen.append((now.stage, now.done))
    assert seen == [("run", n) for n in range(7)]
    assert loop.refreshed(work).state == Job.State.DONE


def test_summary_is_that_of_the_command(project: Project, lea: User, tmp_path: Path) -> None:
    work = go(begin(project, lea, seeds=2))
    (tmp_path / "mail.csv").write_bytes(labelled(100))
    made = dataset.prepare(dataset.read(tmp_path / "mail.csv", dataset.Columns()))
    plan = job._plan(work)
    done = runs.go_all(made, plan, runs.turns(["auto"], 2), 1, lambda *_: None)
    expected = runs.summarise(made, plan, done, data="mail.csv")
    for each in (expected, work.summary):
        for curve in [*each["strategies"].values(), each["baseline"]]:
            curve.pop("seconds_per_round")
    assert work.summary == expected
    with job.curves_path(work).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 2 * 2


def test_features_are_compared_as_the_command_compares_them(
    project: Project, lea: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing_encoder.install(monkeypatch, hashing_encoder.Hashing(dimensions=32))
    project.labels.filter(name="spam").update(description="unwanted advertising")
    work = begin(
        project, lea, seeds=2, strategies=["committee"], features=["pool", "auto", "hashing"]
    )
    # Three kinds of features were asked for, of which two are the same.
    assert work.total == 14
    work = go(work)
    assert (work.state, work.error, work.total) == (Job.State.DONE, "", 10)
    names = ["random@pool", "committee@pool", "random@hashing", "committee@hashing"]
    assert list(work.summary["strategies"]) == names
    assert work.summary["features"] == ["pool", "hashing"]
    (tmp_path / "mail.csv").write_bytes(labelled(100))
    answers = dataset.read(tmp_path / "mail.csv", dataset.Columns())
    labels = list(project.labels.all())
    made = dataset.prepare(answers, features=["pool", "hashing"], labels=labels)
    done = runs.go_all(
        made, job._plan(work), runs.turns(["committee"], 2, made.compared), 1, lambda *_: None
    )
    expected = runs.summarise(made, job._plan(work), done)
    for name in names:
        curves = [each["strategies"][name]["accuracy"] for each in (work.summary, expected)]
        assert curves[0] == curves[1]


def test_label_texts_are_those_of_the_project(project: Project) -> None:
    spam = project.labels.get(name="spam")
    spam.description = "unwanted advertising"
    told = encoded.texts_of(["ham", "offer", "spam"], [spam])
    assert told == ["ham", "offer", "spam: unwanted advertising"]


def test_encoder_shows_its_progress_and_stops_when_told(
    project: Project, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = hashing_encoder.Hashing()
    hashing_encoder.install(monkeypatch, encoder)
    monkeypatch.setattr(encoded, "BATCH", 20)
    work = begin(project, lea, features=["hashing"])
    seen = []
    encode = encoder.encode

    def encode_and_stop(docs: Any) -> Any:
        seen.append(loop.refreshed(work).facts.get("encoding"))
        if len(seen) == 3:
            job.stop(project, work.pk, lea)
        return encode(docs)

    monkeypatch.setattr(encoder, "encode", encode_and_stop)
    monkeypatch.setattr(job, "TELL_SECONDS", 0.0)
    assert job.go_on(work.pk) is None
    assert seen == [None, [20, 100], [40, 100]]
    assert loop.refreshed(work).error == "Stopped by lea."


def test_pictures_are_tried_too(image_project: Project, lea: User) -> None:
    import io
    import zipfile

    from PIL import Image

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for i in range(30):
            picture = io.BytesIO()
            shade = 40 + i if i % 2 else 200 + i
            Image.new("RGB", (12, 12), (shade, 10, 10)).save(picture, "PNG")
            archive.writestr(f"{('cat', 'dog')[i % 2]}/{i}.png", picture.getvalue())
    work = go(begin(image_project, lea, out.getvalue(), "pets.zip", labels=20))
    assert (work.state, work.error) == (Job.State.DONE, "")
    assert work.summary["classes"] == ["cat", "dog"]


def test_own_labels_are_tried_where_there_are_enough(
    project: Project, filled: Fill, learnt: Learn, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "FEWEST_OWN", 40)
    filled(project, 60)
    learnt(project)
    loop.label(project, lea, 45)
    work = go(begin(project, lea, file=None, labels=20))
    assert (work.state, work.error) == (Job.State.DONE, "")
    assert work.summary["n"] + work.summary["n_test"] == 45
    assert "own labels" in work.summary["notes"][0]
    assert work.name == ""


def test_more_labels_than_there_are_items_become_all_items(project: Project, lea: User) -> None:
    work = go(begin(project, lea, labels=500))
    assert work.labels == work.summary["n"] == 80
    assert work.summary["strategies"]["auto"]["labels"][-1] == 80


def test_large_file_is_sampled(
    project: Project, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "MOST_ITEMS", 50)
    work = go(begin(project, lea))
    assert work.summary["n"] + work.summary["n_test"] == 50
    assert "50 of 100 items are used, drawn at random" in work.summary["notes"]


def test_rare_label_of_the_project_is_declared(project: Project, lea: User) -> None:
    from annotator.flow.projects import settings

    settings.change_settings(project, rare_label="spam")
    assert go(begin(project, lea)).summary["rare"]["declared"]


def test_rare_label_that_is_renamed_before_the_worker_comes_is_declared(
    project: Project, lea: User
) -> None:
    from annotator.flow.projects import label_set, settings

    settings.change_settings(project, rare_label="spam")
    work = begin(project, lea)
    spam, ham = project.labels.all()
    # The file has both names; the one that the label has now is looked for.
    label_set.change_labels(
        project, [{"id": spam.pk, "name": "ham"}, {"id": ham.pk, "name": "spam"}]
    )
    told = go(work).summary["rare"]
    assert (told["declared"], told["label"]) == (True, "ham")


# What may go wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"text\na\nb\n", "No row has a label"),
        (b"text,label\n" + b"".join(b"t%d,spam\n" % i for i in range(20)), "“spam”"),
    ],
)
def test_file_that_teaches_nothing_fails_with_words(
    project: Project, lea: User, content: Any, words: str
) -> None:
    work = go(begin(project, lea, content))
    assert (work.state, work.attempts) == (Job.State.FAILED, 1)
    assert words in work.error


def test_file_that_is_too_large_for_the_memory_fails_with_words(
    project: Project, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "MOST_BYTES", 100)
    assert "Use a part of it" in go(begin(project, lea)).error


def test_run_whose_worker_died_is_done_again_by_another(
    project: Project, lea: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    work = begin(project, lea)
    job.go_on(work.pk)
    job.go_on(work.pk)
    dead = Simulation.objects.claim(work.pk)
    assert job.go_on(work.pk) is None
    time_machine.shift(timedelta(seconds=jobs.STALE_SECONDS + 1))
    assert sweep(Simulation) == [work.pk]
    work = go(work)
    assert (work.state, work.done) == (Job.State.DONE, 3)
    with pytest.raises(Exception, match="taken over"):
        dead.hand_on(done=1)


def test_run_that_was_stored_but_not_counted_is_not_done_twice(
    project: Project, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = begin(project, lea)
    job.go_on(work.pk)
    job.go_on(work.pk)
    Simulation.objects.filter(pk=work.pk).update(done=0)
    asked = []
    go_one = runs.run_once
    monkeypatch.setattr(runs, "run_once", lambda *args: asked.append(args[-1]) or go_one(*args))  # type: ignore[func-returns-value]
    assert go(work).done == 3
    assert asked == [("random", 0), ("auto", 0)]


def test_stopped_simulation_is_left_alone(project: Project, lea: User) -> None:
    work = begin(project, lea)
    job.go_on(work.pk)
    job.stop(project, work.pk, lea)
    assert job.go_on(work.pk) is None
    now = loop.refreshed(work)
    assert (now.state, now.error) == (Job.State.FAILED, "Stopped by lea.")
    assert sweep(Simulation) == []
    begin(project, lea)


def test_simulation_that_is_done_cannot_be_stopped(project: Project, lea: User) -> None:
    work = go(begin(project, lea))
    job.stop(project, work.pk, lea)
    assert loop.refreshed(work).state == Job.State.DONE


def test_simulation_of_another_project_is_not_there(
    project: Project, image_project: Project, lea: User
) -> None:
    work = begin(project, lea)
    with pytest.raises(NotFound):
        job.find(image_project, work.pk)
    with pytest.raises(NotFound):
        job.stop(image_project, work.pk, lea)


# Tidying -----------------------------------------------------------------------------------------


def test_features_go_when_it_is_done_and_the_upload_when_it_was_read(
    project: Project, lea: User
) -> None:
    work = begin(project, lea)
    assert upload.uploaded(work.path).exists()
    job.go_on(work.pk)
    assert not upload.uploaded(work.path).exists()
    folder = feature_store.project_folder(project.pk) / "simulations"
    assert (folder / str(work.pk)).exists()
    go(work)
    assert [each.name for each in folder.iterdir()] == [f"{work.pk}.csv"]


def test_tidying_keeps_the_newest_and_what_is_under_way(
    project: Project, lea: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "KEPT", 1)
    old, new = (go(begin(project, lea)) for _ in range(2))
    stopped = begin(project, lea)
    job.go_on(stopped.pk)
    job.stop(project, stopped.pk, lea)
    running = begin(project, lea)
    job.go_on(running.pk)
    cleanup.tidy()
    folder = feature_store.project_folder(project.pk) / "simulations"
    assert {each.name for each in folder.iterdir()} == {str(running.pk)}
    assert set(project.simulations.values_list("pk", flat=True)) == {stopped.pk, running.pk}
    assert old.pk < new.pk
    assert go(running).state == Job.State.DONE


def test_upload_that_waits_to_be_read_is_not_tidied_away(
    project: Project, lea: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now())
    work = begin(project, lea)
    time_machine.shift(timedelta(days=30))
    cleanup.tidy()
    assert upload.uploaded(work.path).exists()


# Damaged files -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["labels.npz", "pool/sparse_data.npy", "plain/audit.npy"])
def test_simulation_whose_data_was_damaged_ends_in_words(
    project: Project, lea: User, name: str
) -> None:
    work = begin(project, lea)
    job.go_on(work.pk)
    folder = job._folder(work)
    path = folder / name
    if not path.exists():
        path = sorted(path.parent.glob("*.npy"))[0]
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert job.go_on(work.pk) is None
    failed = loop.refreshed(work)
    assert failed.state == Job.State.FAILED
    assert "damaged" in failed.error
    assert path.name in failed.error


def test_run_that_was_damaged_or_is_another_ones_is_done_again(project: Project, lea: User) -> None:
    work = begin(project, lea)
    while loop.refreshed(work).done < 2:
        job.go_on(work.pk)
    first, second = sorted(job._folder(work).glob("runs/*.npz"))
    whole = {path: path.read_bytes() for path in (first, second)}
    first.write_bytes(whole[second])
    second.write_bytes(whole[second][:-30])
    while job.go_on(work.pk) is not None:
        pass
    assert loop.refreshed(work).state == Job.State.DONE
