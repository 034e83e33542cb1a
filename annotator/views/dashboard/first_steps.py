"""The checklist of a new project, for its leads, until its first accuracy estimate."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from annotator.flow.datasets import new_project
from annotator.flow.people import invitations
from annotator.flow.progress import estimate
from annotator.models import Annotation
from annotator.views import number_format
from annotator.views.access import Access


def first_steps(access: Access, progress: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the steps, each with its state and address; none once there is an estimate."""
    if progress["accuracy"] is not None:
        return []
    project, answered = access.project, progress["audits_answered"]
    desk = access.page("label:desk")
    steps = [
        (_("Choose labels"), _labels_page(access), project.labels.exists()),
        (_("Label the first item"), desk, answered > 0 or _is_labelled(access)),
        (_audits(answered), desk, answered >= estimate.FIRST_ESTIMATE),
    ]
    if access.administers:
        steps.insert(0, (_("Import data"), _import_page(access), progress["items"] > 0))
        steps.insert(2, (_("Invite people"), access.page("setup_people"), _has_others(access)))
    return _marked(steps)


def _audits(answered: int) -> str:
    first = estimate.FIRST_ESTIMATE
    return _("%(n)s of %(first)s audits labelled") % {
        "n": number_format.count(min(answered, first)),
        "first": number_format.count(first),
    }


def _labels_page(access: Access) -> str:
    return access.page("setup_labels" if access.administers else "label_set")


def _import_page(access: Access) -> str:
    return access.page("setup" if new_project.pending(access.project) else "imports")


def _has_others(access: Access) -> bool:
    members = access.project.memberships.count()
    return members > 1 or invitations.unended(access.project).exists()


def _is_labelled(access: Access) -> bool:
    return Annotation.objects.filter(project=access.project, lease__isnull=False).exists()


def _marked(steps: list[tuple[str, str, bool]]) -> list[dict[str, Any]]:
    """Return the steps with their state; the first open one is next."""
    is_next = next((place for place, step in enumerate(steps) if not step[2]), None)
    return [
        {
            "words": words,
            "url": url,
            "state": "is-done" if done else "is-next" if place == is_next else "",
            "icon": "check-circle" if done else "arrow-right-circle",
        }
        for place, (words, url, done) in enumerate(steps)
    ]
