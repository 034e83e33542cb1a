"""A project's settings, its labels, and its end."""

import re
from typing import Any

import pytest
from django.forms import model_to_dict
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from annotator import tasktypes
from annotator.flow.annotation import submit
from annotator.flow.queue import leasing
from annotator.models import Item, Label, Project, User
from annotator.projectsettings import SETTINGS
from annotator.views.projects.settings_form import SettingsForm
from tests import loop
from tests.given import AddItems, SignedIn

pytestmark = pytest.mark.django_db


def at(project: Project, name: str = "settings") -> str:
    return reverse(name, args=[project.pk])


def typed(project: Project, **changes: Any) -> Any:
    """What the form sends when nothing but `changes` was changed."""
    form = SettingsForm(instance=project)
    values = {name: form[name].value() for name in form.fields}
    values = {name: value for name, value in values.items() if value not in (None, False)}
    return values | changes


def label_rows(project: Project, **changes: Any) -> Any:
    rows = list(project.labels.all())
    sent = {"row-TOTAL_FORMS": len(rows), "row-INITIAL_FORMS": len(rows), "labels": ""}
    for number, label in enumerate(rows):
        sent |= {f"row-{number}-id": label.pk, f"row-{number}-name": label.name}
    return sent | changes


def test_every_setting_is_there_and_explained(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    page = signed_in(lea).get(at(project)).content.decode()
    task_type = tasktypes.of(project)
    for name, setting in SETTINGS.items():
        means_something = not setting.needs or setting.needs in task_type.can
        assert (f'name="{name}"' in page) is means_something, name
    assert "Selects the next items" in page


def test_saving_unchanged_changes_nothing(signed_in: SignedIn, lea: User, project: Project) -> None:
    before = model_to_dict(project)
    assert signed_in(lea).post(at(project), typed(project)).status_code == 302
    project.refresh_from_db()
    assert model_to_dict(project) == before


def test_lead_changes_settings(signed_in: SignedIn, lea: User, project: Project) -> None:
    sent = typed(project, name="Post", audit_share="20", rare_label=project.labels.first().pk)
    assert signed_in(lea).post(at(project), sent).status_code == 302
    project.refresh_from_db()
    assert (project.name, project.audit_share) == ("Post", 0.2)
    assert project.rare_label == project.labels.first()


def test_fields_that_items_have_are_ticked_and_others_typed(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    loop.bring_in(project, "a.jsonl", '{"text": "x", "from": "a", "to, cc": "b"}\n')
    page = signed_in(lea).get(at(project)).content.decode()
    assert 'value="to, cc"' in page
    sent = typed(project, shown_fields=["to, cc", " subject, size,"])
    assert signed_in(lea).post(at(project), sent).status_code == 302
    project.refresh_from_db()
    assert project.shown_fields == ["to, cc", "subject", "size"]
    ticked = signed_in(lea).get(at(project)).content.decode()
    assert re.search(r'<input[^>]*value="subject"[^>]*checked', ticked)


def test_too_many_fields_are_refused_and_still_there(
    signed_in: SignedIn, lea: User, project: Project
) -> None:
    names = ", ".join(f"field{n}" for n in range(11))
    answer = signed_in(lea).post(at(project), typed(project, shown_fields=[names]))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "At most 10 fields can be shown, not 11." in page
    assert "field9, field10" in page


def test_settings_cost_the_same_with_many_fields_and_labels(
    signed_in: SignedIn,
    olga: User,
    project: Project,
    add_items: AddItems,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    add_items(*map(str, range(300)))
    Item.objects.update(meta={f"field{n}": n for n in range(30)})
    Label.objects.bulk_create(
        Label(project=project, name=f"label {n}", position=n + 2) for n in range(30)
    )
    client = signed_in(olga)
    with django_assert_max_num_queries(9):
        page = client.get(at(project)).content.decode()
    assert "label 29" in page
    assert "field29" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": "0"},
        {"audit_share": "60"},
        {"strategy": "nonsense"},
        {"name": ""},
        {"rare_label": "999999"},
        {"shown_fields": ["x" * 201]},
        {"overlap": "10" * 30},
    ],
)
def test_wrong_setting_is_422_and_changes_nothing(
    signed_in: SignedIn, lea: User, project: Project, wrong: Any
) -> None:
    before = model_to_dict(project)
    answer = signed_in(lea).post(at(project), typed(project, **wrong))
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    project.refresh_from_db()
    assert model_to_dict(project) == before


def test_lead_does_not_see_the_end(signed_in: SignedIn, lea: User, project: Project) -> None:
    page = signed_in(lea).get(at(project)).content.decode()
    assert "Delete the project" not in page


def test_label_is_renamed_and_others_are_added(
    signed_in: SignedIn, olga: User, project: Project
) -> None:
    sent = label_rows(project, **{"row-0-name": "junk", "row-0-hotkey": "j", "labels": "other"})
    assert signed_in(olga).post(at(project, "labels"), sent).status_code == 302
    assert list(project.labels.values_list("name", "hotkey")) == [
        ("junk", "j"),
        ("ham", ""),
        ("other", ""),
    ]


def test_label_gets_examples_one_a_line(signed_in: SignedIn, olga: User, project: Project) -> None:
    sent = label_rows(project, **{"row-0-examples": "Win!\r\nBuy now\r\n"})
    assert signed_in(olga).post(at(project, "labels"), sent).status_code == 302
    assert project.labels.first().examples == "Win!\nBuy now"
    assert (
        "Win!\nBuy now</textarea>" in signed_in(olga).get(at(project, "label_set")).content.decode()
    )


def test_key_of_two_labels_is_refused_in_words(
    signed_in: SignedIn, olga: User, project: Project
) -> None:
    sent = label_rows(project, **{"row-0-hotkey": "j", "row-1-hotkey": "J"})
    answer = signed_in(olga).post(at(project, "labels"), sent)
    assert answer.status_code == 422
    assert "J is the shortcut of both “spam” and “ham”." in answer.content.decode()


def test_as_many_labels_as_there_may_be_can_be_saved(
    signed_in: SignedIn, olga: User, project: Project
) -> None:
    Label.objects.bulk_create(
        Label(project=project, name=f"label {n}", position=n) for n in range(2, 500)
    )
    rest = [f"row-{n}-{field}" for n in range(500) for field in ("hotkey", "description")]
    rest += [f"row-{n}-examples" for n in range(500)]
    sent = label_rows(project, **dict.fromkeys(rest, ""), **{"row-499-name": "last"})
    assert signed_in(olga).post(at(project, "labels"), sent).status_code == 302
    assert project.labels.filter(name="last").exists()


def test_last_labels_but_one_stay(signed_in: SignedIn, olga: User, project: Project) -> None:
    sent = label_rows(project, **{"row-0-remove": "on"})
    answer = signed_in(olga).post(at(project, "labels"), sent)
    assert answer.status_code == 422
    assert "A project needs between 2 and" in answer.content.decode()
    assert project.labels.count() == 2


def test_label_in_use_is_not_removed(
    signed_in: SignedIn, olga: User, ana: User, project: Project, add_items: AddItems
) -> None:
    add_items("hello")
    submit.submit(
        project,
        ana,
        lease=str(leasing.lease_next(project, ana).pk),
        labels=["spam"],
        client_id="6f1c1b9e-3b0b-4c57-8d5e-0d8a6f3f2b11",
    )
    sent = label_rows(project, **{"row-0-remove": "on", "labels": "other"})
    answer = signed_in(olga).post(at(project, "labels"), sent)
    assert answer.status_code == 422
    assert "is used by 1 annotation" in answer.content.decode()


def test_label_of_another_project_is_out_of_reach(
    signed_in: SignedIn, olga: User, project: Project
) -> None:
    from annotator.flow.projects import settings

    other = settings.create_project(olga, name="Other", labels=["x", "y"])
    sent = label_rows(project, **{"row-0-id": other.labels.first().pk, "row-0-name": "stolen"})
    assert signed_in(olga).post(at(project, "labels"), sent).status_code == 422
    assert other.labels.first().name == "x"


def test_deleting_asks_for_the_name(signed_in: SignedIn, olga: User, project: Project) -> None:
    client = signed_in(olga)
    address = at(project, "delete_project")
    assert client.post(address, {"delete-name": "something"}).status_code == 422
    assert client.get(reverse("dashboard", args=[project.pk])).status_code == 200
    assert client.post(address, {"delete-name": project.name}).url == reverse("projects")
    assert client.get(reverse("dashboard", args=[project.pk])).status_code == 404
