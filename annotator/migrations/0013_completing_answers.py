from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0012_rebook_spending'),
    ]

    operations = [
        migrations.AddField(
            model_name='annotation',
            name='completes',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='decision',
            name='said',
            field=models.JSONField(default=list),
        ),
    ]
