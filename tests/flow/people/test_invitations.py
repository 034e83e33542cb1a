"""Links by which users choose a password: one that works, once, for a week."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.signing import TimestampSigner
from django.test import Client
from django.utils import timezone

from annotator.errors import Conflict, FlowError, Gone, Invalid, NotFound
from annotator.flow.people import accounts, invitations, sign_ins
from annotator.flow.projects import members, settings
from annotator.models import Invitation, Membership, Project, Role, User

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


def refused(call: Any, *args: Any, **options: Any) -> Any:
    with pytest.raises(FlowError) as caught:
        call(*args, **options)
    return caught.value.code


def outcome(link: invitations.Link) -> str:
    return Invitation.objects.get(pk=link.invitation.pk).outcome


# Accounts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "a b", "x" * 151, "a\x00b", "<a>"])
def test_odd_user_names_are_refused(db: Any, name: str) -> None:
    assert refused(accounts.create_user, name, PASSWORD) == "invalid"
    assert refused(invitations.invite, name) == "invalid"
    assert not User.objects.exists()


def test_taken_name_weak_password_and_odd_address_are_refused(ana: User) -> None:
    assert refused(accounts.create_user, "ana", PASSWORD) == "username_taken"
    assert refused(accounts.create_user, "new", "12345678") == "invalid"
    with pytest.raises(Invalid) as caught:
        invitations.invite("new", email="new at home")
    assert caught.value.errors[0]["field"] == "email"
    assert User.objects.count() == 1


def test_person_without_password_is_not_let_in_by_an_empty_one(db: Any) -> None:
    assert not invitations.invite("new").invitation.user.check_password("")


# One link ----------------------------------------------------------------------------------------


def test_link_works_once_and_for_a_week(db: Any, time_machine: Any) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    link, late = invitations.invite("new"), invitations.invite("late")
    user = link.invitation.user
    assert not user.has_usable_password()
    assert invitations.invited(link.token) == user
    assert refused(invitations.accept, link.token, "123") == "password"
    invitations.accept(link.token, PASSWORD)
    assert User.objects.get(pk=user.pk).check_password(PASSWORD)
    time_machine.shift(timedelta(days=7))
    for spent in (link.token, late.token):
        with pytest.raises(Gone):
            invitations.accept(spent, PASSWORD)
    for unknown in ("x", "", f"{user.pk}.x:y:z"):
        with pytest.raises(NotFound):
            invitations.invited(unknown)


def test_token_is_long_and_stored_nowhere(db: Any) -> None:
    link = invitations.invite("new")
    assert len(link.token) >= 43
    stored = Invitation.objects.values().get()
    assert link.token not in str(stored)


def test_new_link_ends_the_earlier_one(db: Any) -> None:
    first = invitations.invite("new")
    second = invitations.renew(first.invitation.user)
    assert outcome(first) == Invitation.Outcome.REPLACED
    with pytest.raises(Gone):
        invitations.accept(first.token, PASSWORD)
    assert invitations.accept(second.token, PASSWORD).username == "new"


def test_reset_ends_sessions_and_tokens_only_when_it_is_used(ana: User) -> None:
    ana.set_password(PASSWORD)
    ana.save()
    client = Client()
    client.force_login(ana)
    sign_ins.add_token(ana, "a script", "10.0.0.1")
    link = invitations.renew(ana)
    assert User.objects.get(pk=ana.pk).check_password(PASSWORD)
    assert client.get("/projects/").status_code == 200
    invitations.accept(link.token, "rye and oats and barley")
    assert client.get("/projects/").status_code == 302
    assert sign_ins.sessions(ana) == sign_ins.tokens(ana) == []
    assert User.objects.get(pk=ana.pk).check_password("rye and oats and barley")


def test_deactivated_user_gets_no_link(ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert refused(invitations.renew, ana) == "account_off"


def test_link_of_an_earlier_release_works_once_until_a_newer_one(db: Any, ana: User) -> None:
    def signed(user: User) -> str:
        inner = default_token_generator.make_token(user)
        return TimestampSigner(salt="invitation").sign(f"{user.pk}.{inner}")

    token = signed(ana)
    invitations.accept(token, PASSWORD)
    assert User.objects.get(pk=ana.pk).check_password(PASSWORD)
    with pytest.raises(NotFound):
        invitations.accept(token, PASSWORD)
    later = signed(User.objects.get(pk=ana.pk))
    invitations.renew(ana)
    with pytest.raises(NotFound):
        invitations.invited(later)


# Withdraw ----------------------------------------------------------------------------------------


def test_withdrawn_link_ends_and_its_name_can_be_invited_again(db: Any) -> None:
    link = invitations.invite("new")
    invitations.withdraw(link.invitation)
    assert refused(invitations.withdraw, link.invitation) == "invitation_ended"
    with pytest.raises(Gone):
        invitations.invited(link.token)
    again = invitations.invite("new", email="new@example.org")
    assert again.invitation.user == link.invitation.user
    assert invitations.accept(again.token, PASSWORD).email == "new@example.org"
    assert refused(invitations.invite, "new") == "username_taken"


def test_withdrawn_reset_leaves_the_account_as_it_is(ana: User) -> None:
    ana.set_password(PASSWORD)
    ana.save()
    invitations.withdraw(invitations.renew(ana).invitation)
    assert User.objects.get(pk=ana.pk).is_active


# Projects ----------------------------------------------------------------------------------------


def test_invited_user_becomes_a_member_with_the_first_password(
    project: Project, olga: User
) -> None:
    link = invitations.invite("new", olga, project=project, role=Role.LEAD)
    assert [each.pk for each in invitations.unended(project)] == [link.invitation.pk]
    assert not Membership.objects.filter(user=link.invitation.user).exists()
    # The membership goes over to a newer link.
    user = invitations.accept(invitations.renew(link.invitation.user).token, PASSWORD)
    assert Membership.objects.get(user=user).role == Role.LEAD
    assert not invitations.unended(project).exists()


def test_later_reset_changes_no_membership(project: Project, olga: User) -> None:
    link = invitations.invite("new", olga, project=project, role=Role.LEAD)
    user = invitations.accept(link.token, PASSWORD)
    members.remove_member(project, user)
    invitations.accept(invitations.renew(user).token, PASSWORD)
    assert not Membership.objects.filter(user=user).exists()


def test_role_given_meanwhile_stays(project: Project, olga: User) -> None:
    link = invitations.invite("new", olga, project=project, role=Role.ADMIN)
    members.add_member(project, "new", Role.ANNOTATOR)
    user = invitations.accept(link.token, PASSWORD)
    assert Membership.objects.get(user=user).role == Role.ANNOTATOR


def test_invitation_to_a_deleted_project_still_gives_a_password(
    project: Project, olga: User
) -> None:
    link = invitations.invite("new", olga, project=project)
    settings.delete_project(project)
    assert invitations.accept(link.token, PASSWORD).check_password(PASSWORD)


def test_admins_of_a_project_have_only_its_invitations(
    project: Project, olga: User, ana: User
) -> None:
    own = invitations.invite("new", olga, project=project).invitation
    reset = invitations.renew(ana).invitation
    assert invitations.of_project(project, own.pk) == own
    with pytest.raises(NotFound):
        invitations.of_project(project, reset.pk)
    # Once somebody has a password, a link would be a way into their account.
    User.objects.filter(pk=own.user_id).update(password="pbkdf2_sha256$1$a$b")
    with pytest.raises(NotFound):
        invitations.of_project(project, own.pk)


def test_unknown_role_is_refused(project: Project, olga: User) -> None:
    assert refused(invitations.invite, "new", olga, project=project, role="king") == "unknown_role"
    with pytest.raises(Conflict):
        invitations.invite("olga", olga, project=project)
