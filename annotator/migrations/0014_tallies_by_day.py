"""Count anew, by day, what people did: without long breaks, and no day below zero."""

from collections import defaultdict
from datetime import UTC

from django.db import migrations
from django.db.models import Case, Count, F, Max, Q, Sum, Value, When
from django.db.models.functions import TruncDate

LABELLED = 2
MOST_SECONDS = 600.0
SKIPS = ("skipped", "again")
COUNTED = ("labels", "audits", "finished", "seconds", "skips")
AT_ONCE = 500


def find_completing(apps, schema_editor):
    """Say which answer completed each labelled item: the newest that counts."""
    annotations = apps.get_model("annotator", "Annotation").objects.all()
    counts = annotations.filter(counted=True, withdrawn_at=None, item__state=LABELLED).order_by()
    newest = counts.values("item").annotate(newest=Max("pk")).values("newest")
    annotations.filter(pk__in=newest).update(completes=True)


def count_by_day(apps, schema_editor):
    """Make every tally what the rows say of that person and day; changes stay as they are."""
    tallies = apps.get_model("annotator", "Tally").objects.all()
    right = _counted(apps)
    wrong = []
    for tally in tallies.iterator(chunk_size=2000):
        numbers = right.pop((tally.project_id, tally.user_id, tally.day), {})
        values = {name: numbers.get(name) or 0 for name in COUNTED}
        if any(getattr(tally, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(tally, name, value)
            wrong.append(tally)
    tallies.bulk_update(wrong, COUNTED, batch_size=AT_ONCE)
    Tally = apps.get_model("annotator", "Tally")
    missing = [
        Tally(project_id=project, user_id=user, day=day, **{n: v or 0 for n, v in numbers.items()})
        for (project, user, day), numbers in right.items()
        if any(numbers.values())
    ]
    tallies.bulk_create(missing, batch_size=AT_ONCE)


def _counted(apps):
    """Return by project, person and day what the rows say."""
    found = defaultdict(dict)
    stands, counts, seed = Q(withdrawn_at=None), Q(counted=True), Q(source="seed")
    spent = Case(When(seconds__gt=MOST_SECONDS, then=Value(MOST_SECONDS)), default=F("seconds"))
    own = apps.get_model("annotator", "Annotation").objects.exclude(user=None).order_by()
    days = own.annotate(day=TruncDate("created_at", tzinfo=UTC)).values("project", "user", "day")
    rows = days.annotate(
        labels=Count("pk", filter=stands & counts & ~seed),
        audits=Count("pk", filter=stands & counts & Q(source="audit")),
        finished=Count("pk", filter=Q(completes=True)),
        spent=Sum(spent, filter=stands | ~counts),
    )
    for row in rows.iterator(chunk_size=2000):
        key = row.pop("project"), row.pop("user"), row.pop("day")
        found[key] |= {"seconds": row.pop("spent"), **row}
    leases = apps.get_model("annotator", "Lease").objects.filter(outcome__in=SKIPS).order_by()
    skipped = leases.exclude(ended_at=None).annotate(day=TruncDate("ended_at", tzinfo=UTC))
    rows = skipped.values("project", "user", "day").annotate(skips=Count("pk"))
    for row in rows.iterator(chunk_size=2000):
        found[row["project"], row["user"], row["day"]]["skips"] = row["skips"]
    return found


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0013_completing_answers'),
    ]

    operations = [
        migrations.RunPython(find_completing, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(count_by_day, migrations.RunPython.noop, elidable=True),
    ]
