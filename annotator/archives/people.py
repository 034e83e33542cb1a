"""People whom an archive names: found by their names, or kept as accounts that nobody can use."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from annotator.models import Membership, User


@transaction.atomic
def match(names: Mapping[int, str]) -> tuple[dict[int, int], list[int]]:
    """Return the accounts of people by their keys in the archive, and which were created.

    Who is unknown gets an inactive account without a password, so that whose an answer is stays
    as it was. Nobody gets a role.
    """
    there = dict(User.objects.filter(username__in=names.values()).values_list("username", "pk"))
    created = []
    for name in sorted(set(names.values()) - there.keys()):
        person = User(username=name, is_active=False)
        person.set_unusable_password()
        person.save(force_insert=True)
        there[name] = person.pk
        created.append(person.pk)
    return {key: there[name] for key, name in names.items()}, created


@transaction.atomic
def remove(created: Iterable[int]) -> None:
    """Remove accounts that were created for an archive, and that nothing refers to."""
    for person in User.objects.filter(pk__in=list(created), is_active=False, last_login=None):
        if not _is_referred_to(person):
            person.delete()


def _is_referred_to(person: User) -> bool:
    if Membership.objects.filter(user=person).exists():
        return True
    return any(
        link.related_model._default_manager.filter(**{link.field.name: person}).exists()
        for link in User._meta.related_objects
    )
