"""Sessions and tokens: what is recorded, and what is cleaned up."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from annotator.errors import NotFound
from annotator.flow.people import sign_ins
from annotator.models import SignIn, User
from tests.given import Api

pytestmark = pytest.mark.django_db


def test_token_of_an_earlier_release_is_listed_with_its_last_use(
    api: Api, ana: User, time_machine: Any
) -> None:
    now = timezone.now()
    time_machine.move_to(now, tick=False)
    caller = api(ana)
    assert not SignIn.objects.exists()
    time_machine.move_to(now + timedelta(hours=5), tick=False)
    assert caller.get("/api/v1/projects").status_code == 200
    (place,) = sign_ins.tokens(ana)
    assert (place.device, place.created_at) == ("", now)
    assert place.last_used_at == now + timedelta(hours=5)


def test_session_of_an_earlier_release_is_recorded_when_it_is_used(ana: User) -> None:
    client = Client(headers={"User-Agent": "curl/8.5"})
    client.force_login(ana)
    SignIn.objects.all().delete()
    assert client.get("/projects/").status_code == 200
    (place,) = sign_ins.sessions(ana)
    assert place.device == "curl/8.5"


def test_log_out_ends_the_record_too(ana: User) -> None:
    client = Client()
    client.force_login(ana)
    client.post("/logout")
    assert not SignIn.objects.exists()


def test_sessions_and_tokens_of_others_are_not_ended(ana: User, ben: User) -> None:
    Client().force_login(ana)
    token, _plain = sign_ins.add_token(ana, "labels.py", None)
    (place,) = sign_ins.sessions(ana)
    with pytest.raises(NotFound):
        sign_ins.end_session(ben, int(place.key))
    with pytest.raises(NotFound):
        sign_ins.end_token(ben, token.token_key)
    sign_ins.end_all(ben)
    assert len(sign_ins.sessions(ana)) == len(sign_ins.tokens(ana)) == 1


def test_what_has_expired_is_dropped(ana: User, ben: User, time_machine: Any) -> None:
    now = timezone.now()
    Client().force_login(ana)
    sign_ins.add_token(ana, "labels.py", None)
    time_machine.move_to(now + timedelta(days=40))
    Client().force_login(ben)
    sign_ins.add_token(ben, "labels.py", None)
    # As a process of an earlier release, which does not know of the record, leaves it.
    Client().force_login(ben)
    last = Session.objects.order_by("expire_date").last()
    assert last is not None
    Session.objects.filter(pk=last.pk)._raw_delete("default")
    time_machine.move_to(now + timedelta(days=41))
    sign_ins.drop_ended()
    assert (Session.objects.count(), AuthToken.objects.count()) == (1, 1)
    assert set(SignIn.objects.values_list("user__username", flat=True)) == {"ben"}
    assert SignIn.objects.count() == 2
