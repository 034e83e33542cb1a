
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('annotator', '0006_reports'),
    ]

    operations = [
        migrations.CreateModel(
            name='DecidedLabel',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
        ),
        migrations.CreateModel(
            name='Decision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('note', models.TextField(blank=True, max_length=2000)),
                ('at', models.DateTimeField()),
                ('taken_back_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.CreateModel(
            name='Disagreement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.SmallIntegerField(choices=[(0, 'open'), (1, 'decided')], default=0)),
                ('opened_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='SecondLook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('suspect', 'the model doubts the label'), ('contradiction', 'a near-copy is labelled otherwise'), ('repeat', 'the same person again')], max_length=16)),
                ('why', models.CharField(blank=True, max_length=500)),
                ('score', models.FloatField(default=0.0)),
                ('instead', models.JSONField(default=list)),
                ('rank', models.IntegerField(default=0)),
                ('state', models.SmallIntegerField(choices=[(0, 'open'), (1, 'leased'), (2, 'done'), (3, 'dropped')], default=0)),
                ('outcome', models.CharField(blank=True, choices=[('confirmed', 'confirmed'), ('changed', 'changed')], max_length=16)),
                ('created_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='annotation',
            name='one_annotation_per_person',
        ),
        migrations.AddField(
            model_name='project',
            name='gold_feedback',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='project',
            name='has_looks',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='project',
            name='second_share',
            field=models.FloatField(default=0.0, validators=[django.core.validators.MinValueValidator(0.0), django.core.validators.MaxValueValidator(0.5)]),
        ),
        migrations.AlterField(
            model_name='annotation',
            name='source',
            field=models.CharField(choices=[('active', 'chosen by the strategy'), ('audit', 'random audit'), ('random', 'random'), ('gold', 'hidden check'), ('seed', 'expert seed'), ('bulk', 'confirmed in bulk'), ('second', 'second look'), ('repeat', 'asked again')], max_length=16),
        ),
        migrations.AlterField(
            model_name='lease',
            name='outcome',
            field=models.CharField(blank=True, choices=[('labelled', 'labelled'), ('skipped', 'skipped'), ('released', 'given back'), ('expired', 'ran out'), ('passed', 'passed on to somebody who had nothing left'), ('again', 'skipped, but to be asked again'), ('dropped', 'second look, skipped')], max_length=16),
        ),
        migrations.AlterField(
            model_name='lease',
            name='source',
            field=models.CharField(choices=[('active', 'chosen by the strategy'), ('audit', 'random audit'), ('random', 'random'), ('gold', 'hidden check'), ('seed', 'expert seed'), ('bulk', 'confirmed in bulk'), ('second', 'second look'), ('repeat', 'asked again')], max_length=16),
        ),
        migrations.AlterField(
            model_name='queueentry',
            name='source',
            field=models.CharField(choices=[('active', 'chosen by the strategy'), ('audit', 'random audit'), ('random', 'random'), ('gold', 'hidden check'), ('seed', 'expert seed'), ('bulk', 'confirmed in bulk'), ('second', 'second look'), ('repeat', 'asked again')], max_length=16),
        ),
        migrations.AddConstraint(
            model_name='annotation',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at', None), models.Q(('source__in', ('second', 'repeat')), _negated=True)), fields=('item', 'user'), name='one_annotation_per_person'),
        ),
        migrations.AddConstraint(
            model_name='annotation',
            constraint=models.UniqueConstraint(condition=models.Q(('source__in', ('second', 'repeat')), ('withdrawn_at', None)), fields=('lease',), name='one_annotation_per_look'),
        ),
        migrations.AddField(
            model_name='decidedlabel',
            name='label',
            field=models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='annotator.label'),
        ),
        migrations.AddField(
            model_name='decision',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='decisions', to='annotator.item'),
        ),
        migrations.AddField(
            model_name='decision',
            name='labels',
            field=models.ManyToManyField(related_name='+', through='annotator.DecidedLabel', to='annotator.label'),
        ),
        migrations.AddField(
            model_name='decision',
            name='project',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.project'),
        ),
        migrations.AddField(
            model_name='decision',
            name='taken_back_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='decision',
            name='user',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='decidedlabel',
            name='decision',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='given', to='annotator.decision'),
        ),
        migrations.AddField(
            model_name='disagreement',
            name='decision',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='annotator.decision'),
        ),
        migrations.AddField(
            model_name='disagreement',
            name='item',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='disagreement', to='annotator.item'),
        ),
        migrations.AddField(
            model_name='disagreement',
            name='project',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.project'),
        ),
        migrations.AddField(
            model_name='secondlook',
            name='about',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.annotation'),
        ),
        migrations.AddField(
            model_name='secondlook',
            name='answer',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='look', to='annotator.annotation'),
        ),
        migrations.AddField(
            model_name='secondlook',
            name='asked',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='secondlook',
            name='item',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.item'),
        ),
        migrations.AddField(
            model_name='secondlook',
            name='lease',
            field=models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='annotator.lease'),
        ),
        migrations.AddField(
            model_name='secondlook',
            name='project',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.project'),
        ),
        migrations.AddIndex(
            model_name='decision',
            index=models.Index(fields=['project', 'user'], name='decision_by_person'),
        ),
        migrations.AddConstraint(
            model_name='decidedlabel',
            constraint=models.UniqueConstraint(fields=('decision', 'label'), name='a_label_is_decided_once'),
        ),
        migrations.AddIndex(
            model_name='disagreement',
            index=models.Index(fields=['project', 'state', 'id'], name='disagreement_by_state'),
        ),
        migrations.AddIndex(
            model_name='secondlook',
            index=models.Index(fields=['project', 'state', 'rank', 'id'], name='look_next'),
        ),
        migrations.AddConstraint(
            model_name='secondlook',
            constraint=models.UniqueConstraint(condition=models.Q(('state__lt', 2)), fields=('item',), name='one_look_at_a_time'),
        ),
    ]
