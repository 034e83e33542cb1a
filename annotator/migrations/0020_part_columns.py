from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("annotator", "0019_field_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="import",
            name="part_columns",
            field=models.JSONField(default=dict),
        ),
    ]
