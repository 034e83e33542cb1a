from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0031_archive_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='annotation',
            name='corrected_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
    ]
