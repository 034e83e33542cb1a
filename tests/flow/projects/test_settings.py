"""Settings, labels and members of a project."""

from typing import Any

import pytest

from annotator.errors import Conflict, Invalid, NotFound, PermissionDenied
from annotator.flow.projects import label_set, members, settings
from annotator.flow.queue import leasing
from annotator.models import Label, Membership, Project, QueueEntry, Role, User
from tests import loop
from tests.given import Fill

pytestmark = pytest.mark.django_db


def names(project: Project) -> Any:
    return list(project.labels.values_list("name", flat=True))


def refused(call: Any, *args: Any, **options: Any) -> Any:
    with pytest.raises((Invalid, Conflict)) as caught:
        call(*args, **options)
    return caught.value.code


# Projects ----------------------------------------------------------------------------------------


def test_project_has_its_labels_in_order_and_its_maker_as_admin(olga: User) -> None:
    made = settings.create_project(
        olga, name=" Mail ", labels=["spam", {"name": "ham", "hotkey": "H", "description": "Good."}]
    )
    assert (made.name, names(made)) == ("Mail", ["spam", "ham"])
    ham = made.labels.get(name="ham")
    assert (ham.hotkey, ham.description) == ("h", "Good.")
    assert Membership.objects.get(project=made).role == Role.ADMIN


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ([], "label_count"),
        (["only"], "label_count"),
        ([str(n) for n in range(501)], "label_count"),
        (["a", "A"], "duplicate_name"),
        (["a", " a "], "duplicate_name"),
        (["é", "e\u0301"], "duplicate_name"),
        (["a", ""], "name_length"),
        (["a", "  "], "name_length"),
        (["a", "x" * 201], "name_length"),
        (["a", "b\nc"], "name_characters"),
        (["a", "b\x00"], "name_characters"),
        (["a", "\u202eb"], "name_characters"),
        (["a", 5], "label_form"),
        (["a", None], "label_form"),
        (["a", {"hotkey": "b"}], "label_form"),
        (["a", {"name": "b", "colour": "red"}], "label_form"),
        (["a", {"name": 5}], "label_form"),
        ([{"name": "a", "hotkey": "x"}, {"name": "b", "hotkey": "X"}], "duplicate_hotkey"),
        (["a", {"name": "b", "hotkey": "xy"}], "hotkey"),
        (["a", {"name": "b", "hotkey": "?"}], "hotkey"),
        (["a", {"name": "b", "hotkey": " "}], "hotkey"),
        (["a", {"name": "b", "hotkey": "\x00"}], "hotkey"),
        (["a", {"name": "b", "description": "\x00"}], "label_form"),
        (["a", {"name": "b", "description": "x" * 2001}], "label_form"),
        (["a", {"name": "b", "examples": "\x00"}], "label_form"),
        (["a", {"name": "b", "examples": "x" * 2001}], "label_form"),
        (["a", {"name": "b", "examples": ["x"]}], "label_form"),
        (["a", {"name": "b", "id": 1}], "label_form"),
    ],
)
def test_labels_that_cannot_be_told_apart_or_shown_are_refused(
    olga: User, labels: Any, code: str
) -> None:
    assert refused(settings.create_project, olga, name="Mail", labels=labels) == code
    assert not Project.objects.exists()


@pytest.mark.parametrize("name", [", ; \" '", "<b>&=|/", "null", "=1+1", "x" * 200, "猫", "🐈‍⬛"])
def test_odd_names_of_labels_are_kept_as_they_are(olga: User, name: str) -> None:
    made = settings.create_project(olga, name="Mail", labels=["a", name])
    assert names(made)[1] == name


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb", "\u202ea", None, 7])
def test_project_needs_a_name_that_can_be_shown(olga: User, name: Any) -> None:
    assert refused(settings.create_project, olga, name=name, labels=["a", "b"]).startswith("name_")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("strategy", "magic"),
        ("features", "magic"),
        ("features", "image"),
        ("batch_size", 0),
        ("batch_size", None),
        ("retrain_every", 0),
        ("retrain_seconds", 1),
        ("overlap", 0),
        ("overlap", 21),
        ("audit_share", 0.51),
        ("audit_share", -0.1),
        ("audit_share", float("nan")),
        ("gold_share", 2),
        ("lease_seconds", 1),
        ("budget", 0),
        ("target_metric", "luck"),
        ("target_value", 1.5),
        ("hourly_rate", -1),
        ("rare_label", "nope"),
        ("seed", -1),
        ("guidelines", "x" * 20_001),
        ("shown_fields", ["a"] * 2),
        ("items", 7),
        ("deleted_at", None),
        ("task", "image"),
    ],
)
def test_setting_out_of_range_is_refused_and_changes_nothing(
    project: Project, field: str, value: Any
) -> None:
    before = Project.objects.values().get()
    with pytest.raises(Invalid) as caught:
        settings.change_settings(project, name="Other", **{field: value})
    assert field in {each["field"] for each in caught.value.errors}
    assert Project.objects.values().get() == before


def test_settings_are_stored(project: Project) -> None:
    values = {"batch_size": 7, "audit_share": 0.2, "rare_label": "ham", "budget": None}
    settings.change_settings(project, **values)
    stored = Project.objects.get()
    assert (stored.batch_size, stored.audit_share, stored.rare_label.name) == (7, 0.2, "ham")
    settings.change_settings(project, rare_label=None)
    assert Project.objects.get().rare_label is None


@pytest.mark.parametrize("changes", [{}, {"batch_size": 5}])
def test_changing_settings_leaves_alone_what_an_import_counts_up(
    project: Project, filled: Fill, changes: Any
) -> None:
    stale = Project.objects.get()
    filled(project, 3)
    settings.change_settings(stale, **changes)
    assert Project.objects.get().items == 3


def test_deleted_project_is_gone_for_all(project: Project, olga: User, ana: User) -> None:
    settings.delete_project(project)
    assert not Project.objects.for_user(olga).exists()
    for person in (olga, ana):
        with pytest.raises(NotFound):
            members.load_project(person, project.pk)


# Labels ------------------------------------------------------------------------------------------


def test_labels_are_renamed_added_removed_and_put_in_order(project: Project) -> None:
    spam, ham = project.labels.all()
    label_set.change_labels(
        project, [{"id": ham.pk, "name": "good"}, "new", {"id": spam.pk, "name": "spam"}]
    )
    assert names(project) == ["good", "new", "spam"]
    assert Label.objects.get(name="good").pk == ham.pk
    label_set.change_labels(
        project, [{"id": ham.pk, "name": "spam"}, {"id": spam.pk, "name": "good"}]
    )
    assert names(project) == ["spam", "good"]


def test_label_in_use_is_renamed_but_not_removed(project: Project, filled: Fill, ana: User) -> None:
    filled(project, 1)
    loop.answer(leasing.lease_next(project, ana), ["spam"])
    spam, ham = project.labels.all()
    with pytest.raises(Conflict) as caught:
        label_set.change_labels(project, [{"id": ham.pk, "name": "ham"}, "new"])
    assert caught.value.code == "label_in_use"
    assert "1 annotation." in caught.value.detail
    assert names(project) == ["spam", "ham"]
    label_set.change_labels(
        project, [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ham"}]
    )
    assert names(project) == ["junk", "ham"]


def test_two_labels_with_one_key_are_named(project: Project) -> None:
    spam, ham = project.labels.all()
    label_set.change_labels(
        project,
        [{"id": spam.pk, "name": "spam", "hotkey": "K"}, {"id": ham.pk, "name": "ham"}],
    )
    with pytest.raises(Invalid) as caught:
        # The shortcut that spam has already counts, too, though the request does not name it.
        label_set.change_labels(
            project,
            [{"id": spam.pk, "name": "junk"}, {"id": ham.pk, "name": "ham", "hotkey": "k"}],
        )
    assert caught.value.detail.startswith("K is the shortcut of both “junk” and “ham”.")


def test_renamed_label_keeps_what_nobody_speaks_of(project: Project) -> None:
    spam, ham = project.labels.all()
    rest = {"hotkey": "k", "description": "Bad.", "examples": " Win!\r\n\nBuy now "}
    label_set.change_labels(
        project, [{"id": spam.pk, "name": "spam", **rest}, {"id": ham.pk, "name": "ham"}]
    )
    label_set.change_labels(
        project, [{"id": ham.pk, "name": "ham"}, {"id": spam.pk, "name": "junk"}]
    )
    junk = Label.objects.get(pk=spam.pk)
    assert (junk.name, junk.hotkey, junk.description) == ("junk", "k", "Bad.")
    assert junk.examples == "Win!\nBuy now"
    label_set.change_labels(
        project,
        [{"id": ham.pk, "name": "ham"}, {"id": spam.pk, "name": "junk", "hotkey": None}],
    )
    assert Label.objects.get(pk=spam.pk).hotkey == ""


def test_keys_swap_places_between_labels(project: Project) -> None:
    spam, ham = project.labels.all()
    for one, other in ("ab", "ba"):
        label_set.change_labels(
            project,
            [
                {"id": spam.pk, "name": "spam", "hotkey": one},
                {"id": ham.pk, "name": "ham", "hotkey": other},
            ],
        )
    assert list(project.labels.values_list("hotkey", flat=True)) == ["b", "a"]


def test_labels_of_another_project_cannot_be_taken(
    project: Project, image_project: Project
) -> None:
    cat = image_project.labels.get(name="cat")
    for key in (cat.pk, [cat.pk], str(cat.pk), -1, True, 2**70):
        labels = [{"id": key, "name": "mine"}, "b"]
        assert refused(label_set.change_labels, project, labels) == "unknown_label"
    assert names(image_project) == ["cat", "dog"]
    assert names(project) == ["spam", "ham"]


def test_one_label_is_not_named_twice_by_its_id(project: Project) -> None:
    spam = project.labels.first()
    labels = [{"id": spam.pk, "name": "a"}, {"id": spam.pk, "name": "b"}]
    assert refused(label_set.change_labels, project, labels) == "duplicate_id"
    assert names(project) == ["spam", "ham"]


# People ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "role"), [("olga", "admin"), ("lea", "lead"), ("ana", "annotator")]
)
def test_role_of_everybody_is_their_own(
    request: pytest.FixtureRequest, project: Project, person: str, role: str
) -> None:
    user = request.getfixturevalue(person)
    assert members.load_project(user, project.pk).role == role


def test_too_low_a_role_is_forbidden_and_a_stranger_sees_nothing(
    project: Project, lea: User, ana: User, zed: User
) -> None:
    for person, least in ((ana, Role.LEAD), (ana, Role.ADMIN), (lea, Role.ADMIN)):
        with pytest.raises(PermissionDenied):
            members.load_project(person, project.pk, least)
    for least in Role:
        with pytest.raises(NotFound):
            members.load_project(zed, project.pk, least)


def test_installations_admin_may_do_everything_everywhere(project: Project, db: Any) -> None:
    root = User.objects.create_superuser("root")
    assert members.load_project(root, project.pk, Role.ADMIN).role == Role.ADMIN


def test_member_gets_another_role_and_is_taken_out(project: Project, ana: User) -> None:
    members.add_member(project, "ana", Role.LEAD)
    assert members.load_project(ana, project.pk).role == Role.LEAD
    members.remove_member(project, ana)
    with pytest.raises(NotFound):
        members.load_project(ana, project.pk)
    with pytest.raises(NotFound):
        members.remove_member(project, ana)


def test_item_of_a_removed_member_goes_back_to_the_queue(
    project: Project, filled: Fill, ana: User, ben: User
) -> None:
    filled(project, 1)
    lease = leasing.lease_next(project, ana)
    members.remove_member(project, ana)
    assert leasing.lease_next(project, ben).item == lease.item
    assert not QueueEntry.objects.filter(user=ana).exists()


def test_project_keeps_an_admin(project: Project, olga: User) -> None:
    assert refused(members.add_member, project, "olga", Role.LEAD) == "last_admin"
    assert refused(members.remove_member, project, olga) == "last_admin"
    members.add_member(project, "lea", Role.ADMIN)
    members.remove_member(project, olga)


@pytest.mark.parametrize(("name", "role"), [("nobody", "lead"), ("zed", "owner"), ("", "lead")])
def test_member_needs_a_name_and_a_role_that_exist(
    project: Project, zed: User, name: str, role: str
) -> None:
    assert refused(members.add_member, project, name, role).startswith("unknown_")


def test_person_who_was_locked_out_cannot_become_a_member(project: Project, zed: User) -> None:
    User.objects.filter(pk=zed.pk).update(is_active=False)
    assert refused(members.add_member, project, "zed") == "deactivated_user"
