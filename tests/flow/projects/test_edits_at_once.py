"""Two people edit one project at the same moment: real threads, on both databases."""

from typing import Any

import pytest

from annotator.flow.annotation import seed_labels
from annotator.flow.people import invitations
from annotator.flow.projects import edits, label_set, members, settings, versions
from annotator.flow.training import schedule
from annotator.models import Annotation, Membership, Project, Role, Round, User
from tests.flow.queue.test_at_once import at_once, refused
from tests.given import Fill, Learn

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = 6


def own(project: Project) -> Any:
    """The project as another request has it: read before anything of the other is stored."""
    return Project.objects.get(pk=project.pk)


def admins(project: Project) -> Any:
    rows = Membership.objects.filter(project=project, role=Role.ADMIN)
    return list(rows.values_list("user__username", flat=True))


@pytest.fixture
def two_admins(project: Project, lea: User) -> Any:
    """The project with Olga and Lea as its admins."""
    members.add_member(project, "lea", Role.ADMIN)
    return project


@pytest.mark.parametrize("way", ["demote", "remove", "one of each"])
def test_two_admins_turn_on_each_other_and_one_stays(
    two_admins: Any, olga: User, lea: User, way: str
) -> None:
    project = two_admins

    def demote(user: User) -> Any:
        return refused(members.add_member, own(project), user.username, Role.LEAD)

    def remove(user: User) -> Any:
        return refused(members.remove_member, own(project), user)

    first, second = {
        "demote": (demote, demote),
        "remove": (remove, remove),
        "one of each": (demote, remove),
    }[way]
    for _ in range(TRIES):
        for user in (olga, lea):
            members.add_member(project, user.username, Role.ADMIN)
        said = at_once(lambda: first(olga), lambda: second(lea))
        assert sorted(said) == ["", "last_admin"]
        assert len(admins(project)) == 1


def test_an_admin_who_cannot_sign_in_is_none(two_admins: Any, olga: User, lea: User) -> None:
    User.objects.filter(pk=lea.pk).update(is_active=False)
    assert refused(members.remove_member, two_admins, olga) == "last_admin"


def test_two_forms_that_change_different_settings_both_count(project: Project) -> None:
    loaded = versions.stamps(versions.settings_of(project))
    for number in range(2, 2 + TRIES):
        said = at_once(
            lambda n=number: refused(
                edits.edit_settings, own(project), {"overlap": n, "budget": None}, loaded
            ),
            lambda n=number: refused(
                edits.edit_settings, own(project), {"guidelines": f"v{n}", "overlap": 1}, loaded
            ),
        )
        assert said == ["", ""]
        now = own(project)
        assert (now.overlap, now.guidelines) == (number, f"v{number}")
        settings.change_settings(project, overlap=1, guidelines="")


def test_two_forms_that_change_the_same_setting_end_with_one_refusal(project: Project) -> None:
    for number in range(TRIES):
        loaded = versions.stamps(versions.settings_of(own(project)))
        said = at_once(
            *[
                lambda words=words, loaded=loaded: refused(
                    edits.edit_settings, own(project), {"guidelines": words}, loaded
                )
                for words in (f"one {number}", f"two {number}")
            ]
        )
        assert sorted(said) == ["", "edit_conflict"]


def test_two_labels_are_renamed_to_one_name(project: Project) -> None:
    one, two = project.labels.all()
    rows = [
        edits.LabelEdit(label.pk, {"name": "junk"}, False, versions.stamps({"name": label.name}))
        for label in (one, two)
    ]
    said = at_once(
        *[lambda row=row: refused(edits.edit_labels, own(project), [row], []) for row in rows]
    )
    assert sorted(said) == ["", "duplicate_name"]


def test_two_forms_add_labels_and_both_are_there(project: Project) -> None:
    for number in range(TRIES):
        names = [f"a{number}", f"b{number}"]
        said = at_once(
            *[
                lambda n=n: refused(edits.edit_labels, own(project), [], [{"name": n}])
                for n in names
            ]
        )
        assert said == ["", ""]
    assert project.labels.count() == 2 + 2 * TRIES
    positions = list(project.labels.values_list("position", flat=True))
    assert positions == list(range(2 + 2 * TRIES))


def test_one_label_is_added_twice(project: Project) -> None:
    said = at_once(
        *[lambda: refused(edits.edit_labels, own(project), [], [{"name": "refund"}])] * 2
    )
    assert sorted(said) == ["", "duplicate_name"]


def test_two_calls_with_one_version_end_with_one_refusal(project: Project) -> None:
    for number in range(TRIES):
        version = versions.version_of(own(project))
        said = at_once(
            lambda n=number, v=version: refused(
                settings.change_project, own(project), version=v, labels=["spam", "ham", f"x{n}"]
            ),
            lambda n=number, v=version: refused(
                settings.change_project, own(project), version=v, guidelines=f"v{n}"
            ),
        )
        assert sorted(said) == ["", "stale_version"]


def test_project_is_deleted_while_somebody_edits_it(olga: User) -> None:
    for number in range(TRIES):
        made = settings.create_project(olga, name=f"p{number}", labels=["a", "b"])
        said = at_once(
            lambda made=made: refused(settings.delete_project, own(made)),
            lambda made=made: refused(label_set.change_labels, own(made), ["a", "b", "c"]),
            lambda made=made: refused(settings.delete_project, own(made)),
        )
        assert said[1] in ("", "not_found")
        assert sorted([said[0], said[2]]) == ["", "not_found"]
        assert not Project.objects.alive().filter(pk=made.pk).exists()


def test_one_person_is_added_twice(project: Project, zed: User) -> None:
    said = at_once(
        lambda: refused(edits.add_member, own(project), "zed", Role.LEAD),
        lambda: refused(edits.add_member, own(project), "zed", Role.ANNOTATOR),
    )
    assert sorted(said) == ["", "member_already"]
    assert Membership.objects.filter(project=project, user=zed).count() == 1


def test_one_member_is_removed_twice(project: Project, ana: User) -> None:
    said = at_once(*[lambda: refused(members.remove_member, own(project), ana)] * 2)
    assert sorted(said) == ["", "unknown_member"]


def test_one_role_is_changed_twice(project: Project, ana: User) -> None:
    loaded = versions.stamps({"role": Role.ANNOTATOR})
    said = at_once(
        *[
            lambda role=role: refused(edits.change_role, own(project), ana, role, loaded)
            for role in (Role.LEAD, Role.ADMIN)
        ]
    )
    assert sorted(said) == ["", "edit_conflict"]


def test_one_name_is_created_twice(db: Any) -> None:
    for number in range(TRIES):
        name = f"new{number}"
        said = at_once(*[lambda name=name: refused(invitations.invite, name)] * 2)
        assert sorted(said) == ["", "username_taken"]


def test_two_rounds_are_started_by_hand(project: Project, filled: Fill, learnt: Learn) -> None:
    filled(project, 10)
    learnt(project)
    said = at_once(*[lambda: refused(schedule.start_round, own(project), "by hand")] * 3)
    assert sorted(said) == ["", "round_running", "round_running"]
    assert Round.objects.count() == 1


def test_two_people_seed_one_item(project: Project, filled: Fill, lea: User, olga: User) -> None:
    for number, item in enumerate(filled(project, 4)):

        def seed(user: User, label: Any, client_id: Any, item: Any = item) -> Any:
            said = {"labels": [label], "client_id": client_id}
            return refused(seed_labels.seed, own(project), user, item, **said)

        said = at_once(
            lambda seed=seed, n=number: seed(
                lea, "spam", f"{n}0000000-0000-4000-8000-000000000000"
            ),
            lambda seed=seed, n=number: seed(
                olga, "ham", f"{n}1000000-0000-4000-8000-000000000000"
            ),
        )
        assert sorted(said) == ["", "already_labelled"]
    assert Annotation.objects.count() == 4
