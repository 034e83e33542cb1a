"""The fixed people and their project: Olga owns, Lea leads, Ana and Ben annotate, Zed is a stranger."""

import pytest

from annotator.flow import setup
from annotator.models import Project, Role, User


@pytest.fixture(autouse=True)
def _own_data_directory(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "files"


@pytest.fixture
def olga(db) -> User:
    return User.objects.create_user("olga")


@pytest.fixture
def lea(db) -> User:
    return User.objects.create_user("lea")


@pytest.fixture
def ana(db) -> User:
    return User.objects.create_user("ana")


@pytest.fixture
def ben(db) -> User:
    return User.objects.create_user("ben")


@pytest.fixture
def zed(db) -> User:
    return User.objects.create_user("zed")


@pytest.fixture
def project(olga, lea, ana, ben) -> Project:
    made = setup.create_project(olga, name="Mail", labels=["spam", "ham"])
    for person, role in ((lea, Role.LEAD), (ana, Role.ANNOTATOR), (ben, Role.ANNOTATOR)):
        setup.add_member(made, person.username, role)
    return made
