"""What is read together is of one moment, and nobody who writes waits for it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from annotator.db.one_moment import one_moment
from annotator.models import Project, Tally, User


def give_one_label(project: Project, user: User) -> None:
    try:
        Tally.objects.create(project=project, user=user, day="2026-01-01", labels=1)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_others_write_meanwhile_and_are_seen_afterwards(project: Project, ana: User) -> None:
    rows = Tally.objects.filter(project=project)
    with ThreadPoolExecutor(1) as others, one_moment():
        assert rows.count() == 0
        others.submit(give_one_label, project, ana).result(20)
        assert rows.count() == 0
    assert rows.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_fails_inside_leaves_the_connection_as_it_was(project: Project) -> None:
    def look_and_fail() -> None:
        with one_moment():
            assert Tally.objects.count() == 0
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look_and_fail()
    Tally.objects.create(project=project, user=project.created_by, day="2026-01-01")  # type: ignore[misc]
    assert Tally.objects.count() == 1


@pytest.mark.django_db
def test_inside_a_transaction_it_takes_part_in_that(project: Project, ana: User) -> None:
    with one_moment():
        Tally.objects.create(project=project, user=ana, day="2026-01-01")
    assert Tally.objects.count() == 1
