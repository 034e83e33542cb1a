"""A later save stores only the person's own changes, or is refused with both versions."""

from decimal import Decimal
from typing import Any

import pytest

from annotator.flow.projects import edits, label_set, settings, versions
from annotator.flow.projects.versions import EditConflict, merge, stamp, stamps
from annotator.models import Label, Project

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a\r\nb\r\n", "a\nb"),
        (None, ""),
        (15.0, 15),
        (0.07, 7.000000000000001 / 100),
        (Decimal("12.50"), Decimal("12.5")),
        (["a", "b"], ("a", "b")),
        (False, None),
    ],
)
def test_what_a_form_sends_back_has_the_stamp_of_what_is_stored(one: Any, other: Any) -> None:
    assert stamp(one) == stamp(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a", "b"), (0, None), (["a", "b"], ["a b"]), (0.15, 0.1500001), (True, "")]
)
def test_what_differs_has_another_stamp(one: Any, other: Any) -> None:
    assert stamp(one) != stamp(other)


@pytest.mark.parametrize(
    ("loaded", "typed", "now", "stored"),
    [
        ("a", "a", "a", {}),
        ("a", "b", "a", {"x": "b"}),
        ("a", "a", "c", {}),
        ("a", "b", "b", {}),
    ],
)
def test_only_what_was_changed_is_stored(loaded: str, typed: str, now: str, stored: Any) -> None:
    assert merge({"x": typed}, stamps({"x": loaded}), {"x": now}) == stored


def test_what_two_changed_is_refused_with_both_versions() -> None:
    with pytest.raises(EditConflict) as refused:
        merge({"x": "b", "y": 2}, stamps({"x": "a", "y": 1}), {"x": "c", "y": 1})
    (clash,) = refused.value.clashes
    assert (clash.field, clash.theirs, clash.yours) == ("x", "c", "b")
    assert [each["field"] for each in refused.value.errors] == ["x"]


def test_without_a_stamp_it_is_stored_as_it_is_given() -> None:
    assert merge({"x": "b"}, {}, {"x": "c"}) == {"x": "b"}


# Labels ------------------------------------------------------------------------------------------


def row(label: Any, is_removed: bool = False, loaded: Any = None, **changes: Any) -> Any:
    """A row of the form, whose label was loaded as it is now."""
    values = edits.label_values(label)
    known = stamps({**values, "remove": False}) if loaded is None else loaded
    return edits.LabelEdit(label.pk, {**values, **changes}, is_removed, known)


def names(project: Project) -> Any:
    return list(project.labels.values_list("name", flat=True))


def test_label_that_came_meanwhile_stays(project: Project) -> None:
    spam, ham = project.labels.all()
    rows = [row(spam, description="went wrong"), row(ham)]
    label_set.change_labels(project, ["spam", "ham", "refund"])
    edits.edit_labels(project, rows, [])
    assert names(project) == ["spam", "ham", "refund"]
    assert project.labels.first().description == "went wrong"


def test_fields_of_one_label_are_merged(project: Project) -> None:
    spam, ham = project.labels.all()
    rows = [row(spam, name="junk"), row(ham)]
    edits.edit_labels(project, [row(spam, hotkey="j", description="unwanted")], [])
    edits.edit_labels(project, rows, [])
    spam.refresh_from_db()
    assert (spam.name, spam.hotkey, spam.description) == ("junk", "j", "unwanted")


def test_same_field_of_one_label_is_a_conflict_and_nothing_is_stored(project: Project) -> None:
    spam, ham = project.labels.all()
    rows = [row(spam, name="junk"), row(ham, description="wanted")]
    edits.edit_labels(project, [row(spam, name="trash")], [])
    with pytest.raises(EditConflict) as refused:
        edits.edit_labels(project, rows, ["other"])
    (clash,) = refused.value.clashes
    assert (clash.field, clash.theirs, clash.yours) == (f"{spam.pk}.name", "trash", "junk")
    assert names(project) == ["trash", "ham"]
    assert project.labels.last().description == ""


@pytest.fixture
def third(project: Project) -> Any:
    """A third label, which may go."""
    label_set.change_labels(project, ["spam", "ham", "other"])
    return project.labels.get(name="other")


def test_label_that_went_meanwhile_stays_away_unless_it_was_changed(
    project: Project, third: Any
) -> None:
    untouched, changed = row(third), row(third, name="rest")
    label_set.change_labels(project, ["spam", "ham"])
    edits.edit_labels(project, [untouched], [])
    assert names(project) == ["spam", "ham"]
    with pytest.raises(EditConflict) as refused:
        edits.edit_labels(project, [changed], [])
    assert [each.field for each in refused.value.clashes] == [f"{third.pk}.remove"]
    seen = stamps({"remove": True})
    edits.edit_labels(project, [row(third, name="rest", loaded=seen)], [])
    assert names(project) == ["spam", "ham", "rest"]


def test_label_that_somebody_worked_on_is_not_removed_unseen(project: Project, third: Any) -> None:
    removed = row(third, is_removed=True)
    edits.edit_labels(project, [row(third, description="all the rest")], [])
    with pytest.raises(EditConflict):
        edits.edit_labels(project, [removed], [])
    third.refresh_from_db()
    edits.edit_labels(project, [row(third, is_removed=True)], [])
    assert names(project) == ["spam", "ham"]


def test_names_without_ids_are_the_labels_of_these_names(project: Project) -> None:
    ids = set(project.labels.values_list("pk", flat=True))
    label_set.change_labels(project, ["HAM", {"name": " spam "}, "new"])
    assert names(project) == ["HAM", "spam", "new"]
    assert ids <= set(project.labels.values_list("pk", flat=True))


def test_name_that_a_renamed_label_gave_up_is_a_new_label(project: Project) -> None:
    spam, ham = project.labels.all()
    label_set.change_labels(project, [{"id": spam.pk, "name": "junk"}, "ham", "spam"])
    assert names(project) == ["junk", "ham", "spam"]
    assert Label.objects.get(name="junk").pk == spam.pk
    assert Label.objects.get(name="spam").pk not in (spam.pk, ham.pk)


# Versions ----------------------------------------------------------------------------------------


def test_version_follows_all_that_can_be_edited(project: Project) -> None:
    seen = {versions.version_of(project)}
    changes = [
        lambda: settings.change_settings(project, name="Post"),
        lambda: settings.change_settings(project, guidelines="Read on."),
        lambda: settings.change_settings(project, rare_label="spam"),
        lambda: label_set.change_labels(project, ["spam", "ham", "new"]),
        lambda: label_set.change_labels(project, ["ham", "spam", "new"]),
        lambda: label_set.change_labels(project, [{"name": "ham", "hotkey": "h"}, "spam", "new"]),
    ]
    for number, change in enumerate(changes, 2):
        change()
        seen.add(versions.version_of(Project.objects.get(pk=project.pk)))
        assert len(seen) == number
    Project.objects.filter(pk=project.pk).update(items=99)
    assert versions.version_of(Project.objects.get(pk=project.pk)) in seen
