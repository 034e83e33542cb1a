"""What labels were called before, and what removed ones were called."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0014_tallies_by_day"),
    ]

    operations = [
        migrations.AddField(
            model_name="label",
            name="former_names",
            field=models.JSONField(default=list, editable=False),
        ),
        migrations.AddField(
            model_name="project",
            name="removed_labels",
            field=models.JSONField(default=dict, editable=False),
        ),
    ]
