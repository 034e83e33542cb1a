"""A review has its settled name at the annotation that answers it; no table changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("annotator", "0042_spans")]

    operations = [
        migrations.AlterField(
            model_name="reviewrequest",
            name="answer",
            field=models.OneToOneField(
                null=True,
                on_delete=models.deletion.SET_NULL,
                related_name="review",
                to="annotator.annotation",
            ),
        ),
    ]
