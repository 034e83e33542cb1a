"""History for a sample project: labels of two annotators, with rounds in between.

The items say in their metadata what they are about, which is what the annotators answer, but for
some errors. All goes through the same functions as for people, so every page shows what it would.
"""

import random
import uuid
from collections.abc import Sequence

from annotator.errors import Conflict
from annotator.flow.annotation import submit
from annotator.flow.evaluation import audit_accuracy
from annotator.flow.features import encode
from annotator.flow.operations import background_reports
from annotator.flow.queue import leasing
from annotator.flow.queue.refill import refill
from annotator.flow.training import schedule, score, select, train
from annotator.models import Annotation, FeatureSpace, Lease, Membership, Project, Role, User

ROUNDS, PER_ROUND = 9, 20
TRUTH = "topic"
# Accounts that nobody can sign in to, and the share of their answers that is wrong.
ANNOTATORS = {"sample-annotator-1": 0.02, "sample-annotator-2": 0.08}


def make(project_pk: int) -> list[FeatureSpace]:
    """Give the project its history, once; return the features that are left to compute."""
    project = Project.objects.alive().filter(pk=project_pk).first()
    if project is None or Annotation.objects.filter(project=project).exists():
        return []
    spaces = encode.plan(project)
    if not spaces or not _compute(spaces[0]):
        return spaces
    people, rng = _annotators(project), random.Random(project.seed)
    for number in range(ROUNDS):
        _label(project, people, rng)
        _go_round(project)
        if number % 3 == 2:
            # Reviews are drawn from them.
            background_reports.make_all(project.pk)
            project.refresh_from_db()
    return spaces[1:]


def _compute(space: FeatureSpace) -> bool:
    if encode.fit(space.pk) is None:
        return False
    return all(encode.transform(shard.pk) is not None for shard in space.shards.all())


def _annotators(project: Project) -> list[User]:
    people = []
    for name in ANNOTATORS:
        user, is_new = User.objects.get_or_create(username=name, defaults={"is_active": False})
        if is_new:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        Membership.objects.get_or_create(project=project, user=user, role=Role.ANNOTATOR)
        people.append(user)
    return people


def _label(project: Project, people: Sequence[User], rng: random.Random) -> None:
    for number in range(PER_ROUND):
        user = people[number % len(people)]
        lease = leasing.lease_next(project, user)
        if lease is not None:
            _answer(project, lease, rng)


def _answer(project: Project, lease: Lease, rng: random.Random) -> None:
    names = [label.name for label in project.labels.all()]
    said = str(lease.item.meta.get(TRUTH, names[0]))
    if rng.random() < ANNOTATORS[lease.user.username]:
        said = rng.choice([name for name in names if name != said])
    submit.submit(
        project,
        lease.user,
        lease=str(lease.pk),
        labels=[said],
        client_id=str(uuid.uuid4()),
        seconds=round(rng.uniform(1.5, 7.0), 1),
        unsure=rng.random() < 0.04,
    )


def _go_round(project: Project) -> None:
    """Run a round from beginning to end, unless a worker is at one."""
    try:
        round_ = schedule.start_round(project, "labels")
    except Conflict:
        return
    train.train(round_.pk)
    for scoring in round_.shards.all():
        score.score_shard(scoring.pk)
    select.select(round_.pk)
    refill(round_.pk)
    audit_accuracy.evaluate(round_.pk)
    project.refresh_from_db()
