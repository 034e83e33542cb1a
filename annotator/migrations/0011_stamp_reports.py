from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0010_pause"),
    ]

    operations = [
        migrations.AddField(
            model_name="report",
            name="model",
            # None is known of those that there are, so all of them are made again.
            field=models.PositiveIntegerField(default=0),
        ),
    ]
