"""The people of the installation: accounts, links, sessions and tokens."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from annotator.flow.people import accounts, invitations, sign_ins
from annotator.models import User
from tests.given import Region, SignedIn

pytestmark = pytest.mark.django_db

PASSWORD = "chaff-in-the-wind-7"


@pytest.fixture
def root(db: Any) -> Any:
    return User.objects.create_superuser("root")


def test_page_is_for_the_installation_admin(signed_in: SignedIn, olga: User, root: Any) -> None:
    assert signed_in(olga).get(reverse("users")).status_code == 403
    assert signed_in(olga).post(reverse("users"), {"username": "eve"}).status_code == 403
    assert signed_in(root).get(reverse("users")).status_code == 200


def test_person_with_a_password_may_sign_in(signed_in: SignedIn, root: Any, client: Client) -> None:
    signed_in(root).post(reverse("users"), {"username": "new", "password": "rye-and-oats-and-more"})
    answer = client.post(reverse("login"), {"username": "new", "password": "rye-and-oats-and-more"})
    assert answer.url == reverse("projects")


def test_invitation_is_shown_once_and_works(signed_in: SignedIn, root: Any, client: Client) -> None:
    page = signed_in(root).post(reverse("users"), {"username": "new"}).content.decode()
    link = re.search(r'value="(http://testserver/invite/[^"]+)"', page)[1]
    assert client.get(link).status_code == 200
    assert "/invite/" not in signed_in(root).get(reverse("users")).content.decode()


@pytest.mark.parametrize(
    "sent", [{"username": "root"}, {"username": "a b"}, {"username": "x", "password": "123"}, {}]
)
def test_what_cannot_be_is_422_in_words(
    signed_in: SignedIn, root: Any, region: Region, sent: Any
) -> None:
    answer = signed_in(root).post(reverse("users"), sent, headers=region("users"))
    assert answer.status_code == 422
    assert 'class="errors"' in answer.content.decode()
    assert User.objects.count() == 1


def test_list_costs_the_same_with_many_users(
    signed_in: SignedIn, root: Any, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    User.objects.bulk_create(User(username=f"user{n}") for n in range(30))
    client = signed_in(root)
    client.get(reverse("users"))
    with django_assert_max_num_queries(9):
        page = client.get(reverse("users")).content.decode()
    assert "user29" in page


def link_on(page: str) -> str:
    found = re.search(r'value="(http://[^"]+/invite/[^"]+)"', page)
    assert found
    return found[1]


@pytest.fixture
def ann(db: Any) -> User:
    user = accounts.create_user("ann", PASSWORD)
    User.objects.filter(pk=user.pk).update(email="ann@example.org")
    return user


def test_old_address_shows_the_same(signed_in: SignedIn, root: Any) -> None:
    for name in ("users", "people"):
        assert 'id="users"' in signed_in(root).get(reverse(name)).content.decode()


def test_password_is_reset_by_a_link(
    signed_in: SignedIn, root: Any, ann: User, client: Client, region: Region
) -> None:
    admin = signed_in(root)
    answer = admin.post(reverse("person_link", args=[ann.pk]), headers=region("users"))
    page = answer.content.decode()
    assert page.strip().startswith('<section id="users"')
    assert "The old password works until then." in page
    new = "rye-and-oats-and-more"
    assert client.post(link_on(page), {"password": new, "again": new}).status_code == 302
    assert "/invite/" not in admin.get(reverse("people")).content.decode()


def test_deactivation_says_what_ends_and_is_undone(
    signed_in: SignedIn, root: Any, ann: User
) -> None:
    theirs, admin = signed_in(ann), signed_in(root)
    sign_ins.add_token(ann, "labels.py", "10.0.0.1")
    address = reverse("deactivate", args=[ann.pk])
    page = admin.get(address).content.decode()
    assert re.findall(r"<dt>(.+)</dt><dd>(\d+)</dd>", page) == [
        ("sessions", "1"),
        ("API tokens", "1"),
        ("leased items", "0"),
        ("labels", "0"),
    ]
    assert theirs.get(reverse("projects")).status_code == 200
    assert admin.post(address).url == reverse("people")
    assert theirs.get(reverse("projects")).status_code == 302
    admin.post(reverse("activate", args=[ann.pk]))
    assert User.objects.get(pk=ann.pk).is_active


def test_last_admin_is_told_why_they_stay(signed_in: SignedIn, root: Any) -> None:
    page = signed_in(root).post(reverse("deactivate", args=[root.pk]), follow=True)
    assert "needs at least one active admin" in page.content.decode()
    assert User.objects.get(pk=root.pk).is_active


def test_list_is_searched_and_filtered(signed_in: SignedIn, root: Any, ann: User) -> None:
    invitations.withdraw(invitations.invite("gone").invitation)
    invitations.invite("guest")

    def names(query: str) -> list[str]:
        page = signed_in(root).get(f"{reverse('people')}?{query}").content.decode()
        return re.findall(r'class="row-name" [^>]*>([^<]+)<', page)

    assert names("") == ["ann", "guest", "root"]
    assert names("q=EXAMPLE.org") == ["ann"]
    assert names("state=invited") == ["guest"]
    assert names("state=withdrawn") == ["gone"]
    assert names("after=guest") == ["root"]


def test_invitation_is_withdrawn(signed_in: SignedIn, root: Any, client: Client) -> None:
    link = invitations.invite("guest")
    signed_in(root).post(reverse("withdraw_link", args=[link.invitation.user.pk]))
    assert client.get(reverse("invite", args=[link.token])).status_code == 410


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost"])
def test_page_of_this_computer_only_explains_the_host(
    signed_in: SignedIn, root: Any, host: str
) -> None:
    admin = signed_in(root)
    page = admin.get(reverse("people"), HTTP_HOST=host, SERVER_NAME="127.0.0.1").content.decode()
    assert "manage.py up --host 0.0.0.0" in page
    page = admin.get(reverse("people"), HTTP_HOST="testserver").content.decode()
    assert "--host" not in page


@pytest.mark.parametrize(
    "name", ["person", "person_link", "withdraw_link", "deactivate", "activate"]
)
def test_accounts_are_changed_by_installation_admins_only(
    signed_in: SignedIn, root: Any, olga: User, ann: User, name: str
) -> None:
    method = "get" if name == "person" else "post"
    for user in (olga, ann):
        answer = getattr(signed_in(user), method)(reverse(name, args=[ann.pk]))
        assert answer.status_code == 403
    answer = getattr(signed_in(root), method)(reverse(name, args=[987654]))
    assert answer.status_code == 404
    assert User.objects.get(pk=ann.pk).is_active


# Sessions and tokens -----------------------------------------------------------------------------


def test_own_sessions_and_tokens_are_listed_and_ended(ann: User) -> None:
    firefox = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140"}
    here, there = Client(headers=firefox), Client(headers={"User-Agent": "curl/8.5"})
    for browser in (here, there):
        browser.post(reverse("login"), {"username": "ann", "password": PASSWORD})
    token, plain = sign_ins.add_token(ann, "labels.py", "10.0.0.1")
    page = here.get(reverse("account")).content.decode()
    for told in ("Firefox on Linux", "this session", "curl/8.5", "labels.py", token.token_key[:8]):
        assert told in page
    assert plain not in page
    other = next(each for each in sign_ins.sessions(ann) if each.device == "curl/8.5")
    assert here.post(reverse("end_session", args=[ann.pk, other.key])).url == reverse("account")
    assert there.get(reverse("projects")).status_code == 302
    here.post(reverse("end_token", args=[ann.pk, token.token_key]))
    assert sign_ins.tokens(ann) == []
    sign_ins.add_token(ann, "labels.py", "10.0.0.1")
    here.post(reverse("end_all", args=[ann.pk]))
    assert sign_ins.tokens(ann) == []
    assert here.get(reverse("projects")).status_code == 200


@pytest.mark.parametrize(
    ("name", "more"), [("end_session", [1]), ("end_token", ["0a1b2c"]), ("end_all", [])]
)
def test_sessions_of_others_are_for_installation_admins(
    signed_in: SignedIn, root: Any, olga: User, ann: User, name: str, more: list[Any]
) -> None:
    theirs = signed_in(ann)
    address = reverse(name, args=[ann.pk, *more])
    assert signed_in(olga).post(address).status_code == 404
    assert theirs.get(reverse("projects")).status_code == 200
    assert signed_in(root).post(address).url == reverse("person", args=[ann.pk])


def test_last_use_is_stored_every_ten_minutes_only(
    ann: User, time_machine: Any, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    browser = Client(headers={"User-Agent": "curl/8.5"})
    browser.post(reverse("login"), {"username": "ann", "password": PASSWORD})
    time_machine.move_to(now + timedelta(minutes=9), tick=False)
    with django_assert_num_queries(2):
        browser.get("/api/v1/encoders")
    assert sign_ins.sessions(ann)[0].last_used_at == now
    time_machine.move_to(now + timedelta(minutes=11), tick=False)
    browser.get("/api/v1/encoders")
    assert sign_ins.sessions(ann)[0].last_used_at == now + timedelta(minutes=11)
