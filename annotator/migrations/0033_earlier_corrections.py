from django.db import migrations


def say_who_corrected(apps, schema_editor):
    """Find who gave the current labels, where the newest correction is not by the author."""
    Annotation = apps.get_model("annotator", "Annotation")
    Revision = apps.get_model("annotator", "Revision")
    newest = {}
    rows = Revision.objects.filter(action="corrected", user__isnull=False).order_by("id")
    for annotation, user in rows.values_list("annotation_id", "user_id").iterator():
        newest[annotation] = user
    for pk, user in newest.items():
        theirs = Annotation.objects.filter(pk=pk, user__isnull=False).exclude(user=user)
        theirs.update(corrected_by=user)


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0032_corrected_by'),
    ]

    operations = [
        migrations.RunPython(say_who_corrected, migrations.RunPython.noop),
    ]
