from django.db import migrations
from django.db.models import Case, Count, F, Q, Sum, Value, When

# Whoever went for lunch did not think about the item for so long.
MOST_SECONDS = 600.0
COUNTED = Case(When(seconds__gt=MOST_SECONDS, then=Value(MOST_SECONDS)), default=F("seconds"))


def rebook(apps, schema_editor):
    """Book what was spent at the time when each model was made, not when it was measured."""
    models = apps.get_model("annotator", "ModelVersion")
    annotations = apps.get_model("annotator", "Annotation")
    for version in models.objects.filter(measured__has_key="spent").iterator(chunk_size=100):
        made = version.created_at
        stood = Q(withdrawn_at=None) | Q(withdrawn_at__gt=made)
        given = annotations.objects.filter(project=version.project_id, created_at__lte=made)
        own = given.exclude(source="seed")
        sums = own.aggregate(
            answers=Count("pk", filter=stood & Q(counted=True)),
            seconds=Sum(COUNTED, filter=stood | Q(counted=False)),
        )
        rows = given.filter(stood).order_by().values_list("source").annotate(n=Count("pk"))
        spent = {
            "answers": sums["answers"],
            "seconds": round(sums["seconds"] or 0.0, 1),
            "sources": dict(rows),
        }
        models.objects.filter(pk=version.pk).update(measured={**version.measured, "spent": spent})


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0011_stamp_reports"),
    ]

    operations = [migrations.RunPython(rebook, migrations.RunPython.noop)]
