"""Two people use a link, or switch accounts off, at the same moment; on both databases."""

from typing import Any

import pytest

from annotator.flow.people import deactivation, invitations
from annotator.models import Invitation, User
from tests.flow.queue.test_at_once import at_once, refused

pytestmark = pytest.mark.django_db(transaction=True)

TRIES = 6
ONE, OTHER = "correct horse battery", "rye and oats and barley"


def test_link_is_used_twice_and_one_wins(db: Any) -> None:
    for number in range(TRIES):
        link = invitations.invite(f"new{number}")
        said = at_once(
            lambda token=link.token: refused(invitations.accept, token, ONE),
            lambda token=link.token: refused(invitations.accept, token, OTHER),
        )
        assert sorted(said) == ["", "invitation"]
        user = User.objects.get(pk=link.invitation.user_id)
        assert user.check_password(ONE if said[0] == "" else OTHER)


def test_link_is_renewed_twice_and_one_works(ana: User) -> None:
    for _ in range(TRIES):
        links = at_once(*[lambda: invitations.renew(ana)] * 2)
        (left,) = Invitation.objects.unended().filter(user=ana)
        assert left.pk in {link.invitation.pk for link in links}


def test_link_is_used_while_it_is_withdrawn(db: Any) -> None:
    for number in range(TRIES):
        link = invitations.invite(f"new{number}")
        said = at_once(
            lambda link=link: refused(invitations.accept, link.token, ONE),
            lambda link=link: refused(invitations.withdraw, link.invitation),
        )
        user = User.objects.get(pk=link.invitation.user_id)
        if said[0] == "":
            assert (said[1], user.check_password(ONE), user.is_active) == (
                "invitation_ended",
                True,
                True,
            )
        else:
            assert (said, user.check_password(ONE)) == (["invitation", ""], False)


def test_two_admins_deactivate_each_other_and_one_stays(db: Any) -> None:
    one, other = (User.objects.create_superuser(name) for name in ("root", "wheel"))
    for _ in range(TRIES):
        User.objects.update(is_active=True)
        said = at_once(
            lambda: refused(deactivation.deactivate, one),
            lambda: refused(deactivation.deactivate, other),
        )
        assert sorted(said) == ["", "last_installation_admin"]
        assert User.objects.filter(is_active=True).count() == 1
