from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0001_first_tables'),
    ]

    operations = [
        migrations.AddField(
            model_name='label',
            name='examples',
            field=models.TextField(blank=True, max_length=2000),
        ),
        migrations.AddField(
            model_name='project',
            name='shown_fields',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='user',
            name='desk',
            field=models.JSONField(blank=True, default=dict, editable=False),
        ),
    ]
