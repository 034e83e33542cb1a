"""An annotator's own history and today's totals."""

from datetime import date
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Sum

from annotator.db.compiled_queries import CompiledSelect
from annotator.flow.annotation.payload import annotation_payload, refs_given
from annotator.flow.labels import naming
from annotator.flow.progress import daily_counts
from annotator.flow.queue import payload, skipped_items
from annotator.models import Annotation, Lease, Project, Revision, Tally, User

OF_TODAY = ("labels", "skips", "changes", "seconds")


def _of_today(user: int, day: date, name: str) -> Subquery:
    own = Tally.objects.filter(project_id=OuterRef("pk"), user_id=user, day=day)
    return Subquery(own.values(name))


# The sum takes a fifth of the time that it takes beside sums of one user's row.
SUM_UP = CompiledSelect(
    lambda project, user, day: (
        Project.objects.filter(pk=project)
        .order_by()
        .values_list(
            Subquery(
                Tally.objects.filter(project_id=OuterRef("pk"))
                .order_by()
                .values("project_id")
                .values_list(Sum("finished"))
            ),
            *(_of_today(user, day, name) for name in OF_TODAY),
        )
    ),
    int,
    int,
    date,
)


def counts(project: Project, user: User) -> dict[str, Any]:
    """Return the progress of the project and the user's work of today, in one query."""
    found = SUM_UP(project.pk, user.pk, daily_counts.today())
    labelled, *own = found[0] if found else (0, 0, 0, 0, 0.0)
    # Empty if nothing was counted yet: in the project, or for this user today.
    today = {name: number or 0 for name, number in zip(OF_TODAY, own, strict=True)}
    today["seconds"] = float(today["seconds"])
    return {"items": project.population, "labelled": labelled or 0, "today": today}


def answers(project: Project, user: User) -> QuerySet[Annotation]:
    """Return the annotations that the user made on the labelling page and has not undone."""
    own = Annotation.objects.filter(project=project, user=user, withdrawn_at=None)
    return (
        own.exclude(lease=None)
        .select_related("item", "lease")
        .prefetch_related("given__label", "revisions__user")
    )


def last_action(project: Project, user: User) -> Annotation | Lease | None:
    """Return the user's last action that was not undone: an annotation or a skip."""
    own = Annotation.objects.filter(project=project, user=user, withdrawn_at=None)
    said = own.exclude(lease=None).select_related("project", "item", "lease", "user")
    answer = said.order_by("-id").first()
    passed = (Lease.Outcome.SKIPPED, Lease.Outcome.DROPPED)
    skips = Lease.objects.filter(project=project, user=user, outcome__in=passed)
    skip = skips.select_related("project", "item", "user").order_by("-ended_at").first()
    if answer is None or skip is None or skip.ended_at is None:
        return answer or skip
    return skip if skip.ended_at > answer.created_at else answer


def given(deed: Annotation | Lease) -> dict[str, Any]:
    """Return what an annotation or skip says, for a window that shows its item again."""
    if isinstance(deed, Lease):
        return {"note": skipped_items.split(deed.reason)[1]}
    return {"label_ids": refs_given(deed), "note": deed.note, "unsure": deed.unsure}


def _other(annotation: Annotation, revision: Revision) -> str | None:
    """Return who changed the annotation, where that was not its author."""
    if revision.user is None or revision.user_id == annotation.user_id:
        return None
    return revision.user.username


def remembered(project: Project, annotation: Annotation) -> dict[str, Any]:
    """Return an annotation with its item, and its labels before the correction."""
    # Share one project instance, whose labels are read once; each row came with its own.
    annotation.project = project
    given = sorted(annotation.given.all(), key=lambda each: (each.label.position, each.label_id))
    annotation.said = [each.label for each in given]
    return {
        **annotation_payload(annotation),
        "label_ids": refs_given(annotation),
        "content": payload.item_payload(project, annotation.item),
        "history": [
            {
                "action": each.action,
                "labels": naming.names_now(project, each.labels),
                "at": each.at,
                "by": _other(annotation, each),
            }
            for each in annotation.revisions.all()
        ],
    }
