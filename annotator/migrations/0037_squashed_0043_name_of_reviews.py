"""What came since, for a new installation; older ones go by the migrations that it replaces."""

import annotator.db.at_once
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    replaces = [('annotator', '0037_people'), ('annotator', '0038_deliveries'), ('annotator', '0039_labels_and_guidelines'), ('annotator', '0040_assignments'), ('annotator', '0041_saved_views'), ('annotator', '0042_spans'), ('annotator', '0043_name_of_reviews')]

    initial = True

    dependencies = [
        ('annotator', '0001_squashed_0036_bulk_edits'),
        ('knox', '0009_extend_authtoken_field'),
        ('sessions', '0001_initial'),
    ]

    operations = [
        annotator.db.at_once.CreateTables(
            operations=[migrations.CreateModel(
                name='Delivery',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('failed', 'failed')], default='queued', max_length=8)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('token', models.UUIDField(editable=False, null=True)),
                    ('owner', models.CharField(blank=True, editable=False, max_length=200)),
                    ('heartbeat_at', models.DateTimeField(null=True)),
                    ('retry_at', models.DateTimeField(null=True)),
                    ('error', models.TextField(blank=True)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('started_at', models.DateTimeField(null=True)),
                    ('finished_at', models.DateTimeField(null=True)),
                    ('number', models.PositiveIntegerField()),
                    ('stage', models.CharField(choices=[('plan', 'choosing where the model may label'), ('prove', 'being proven'), ('freeze', 'being frozen'), ('frozen', 'frozen'), ('given_up', 'given up')], default='plan', max_length=16)),
                    ('max_error', models.DecimalField(decimal_places=5, max_digits=6)),
                    ('confidence', models.DecimalField(decimal_places=5, max_digits=6)),
                    ('per_label', models.JSONField(default=list)),
                    ('attempt', models.PositiveSmallIntegerField(default=1)),
                    ('alpha', models.FloatField()),
                    ('slips', models.FloatField(null=True)),
                    ('budget', models.PositiveIntegerField(null=True)),
                    ('parts', models.JSONField(default=list)),
                    ('regions', models.CharField(blank=True, max_length=64)),
                    ('standing', models.JSONField(default=dict)),
                    ('revision', models.BigIntegerField(default=-1)),
                    ('is_proven', models.BooleanField(default=False)),
                    ('reason', models.CharField(blank=True, max_length=64)),
                    ('sha256', models.CharField(blank=True, max_length=64)),
                    ('card', models.JSONField(default=dict)),
                    ('frozen_at', models.DateTimeField(null=True)),
                    ('exported_at', models.DateTimeField(null=True)),
                ],
                options={
                    'ordering': ['-number'],
                },
            ), migrations.CreateModel(
                name='DeliveryCheck',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('part', models.PositiveSmallIntegerField(default=0)),
                    ('place', models.PositiveIntegerField()),
                    ('said', models.JSONField()),
                    ('verdict', models.SmallIntegerField(choices=[(-1, 'not answered'), (0, 'right'), (1, 'wrong')], default=-1)),
                ],
            ), migrations.CreateModel(
                name='GuidelinePicture',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('key', models.CharField(max_length=32)),
                    ('name', models.CharField(max_length=255)),
                    ('image', models.CharField(max_length=80)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                ],
                options={
                    'ordering': ['id'],
                },
            ), migrations.CreateModel(
                name='GuidelineVersion',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('number', models.PositiveIntegerField()),
                    ('text', models.TextField(blank=True, max_length=20000)),
                    ('at', models.DateTimeField()),
                ],
                options={
                    'ordering': ['-number'],
                },
            ), migrations.CreateModel(
                name='Invitation',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('role', models.CharField(blank=True, choices=[('annotator', 'annotator'), ('lead', 'lead'), ('admin', 'admin')], max_length=16)),
                    ('token_hash', models.CharField(max_length=64, unique=True)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('expires_at', models.DateTimeField()),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('outcome', models.CharField(blank=True, choices=[('used', 'used'), ('withdrawn', 'withdrawn'), ('replaced', 'replaced by a newer link')], max_length=16)),
                ],
            ), migrations.CreateModel(
                name='LabelEdit',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('failed', 'failed')], default='queued', max_length=8)),
                    ('attempts', models.PositiveSmallIntegerField(default=0)),
                    ('token', models.UUIDField(editable=False, null=True)),
                    ('owner', models.CharField(blank=True, editable=False, max_length=200)),
                    ('heartbeat_at', models.DateTimeField(null=True)),
                    ('retry_at', models.DateTimeField(null=True)),
                    ('error', models.TextField(blank=True)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('started_at', models.DateTimeField(null=True)),
                    ('finished_at', models.DateTimeField(null=True)),
                    ('action', models.CharField(choices=[('change', 'labels changed'), ('merge', 'labels merged'), ('split', 'label split')], max_length=16)),
                    ('before', models.JSONField(default=dict)),
                    ('after', models.JSONField(default=dict)),
                    ('options', models.JSONField(default=dict)),
                    ('reached', models.BigIntegerField(default=0)),
                    ('total', models.PositiveIntegerField(default=0)),
                    ('done', models.PositiveIntegerField(default=0)),
                    ('is_undo', models.BooleanField(default=False)),
                    ('undone', models.PositiveIntegerField(default=0)),
                    ('kept', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'ordering': ['-id'],
                },
            ), migrations.CreateModel(
                name='LabelMove',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('row', models.BigIntegerField()),
                    ('annotation_key', models.BigIntegerField()),
                    ('is_double', models.BooleanField(default=False)),
                ],
            ), migrations.CreateModel(
                name='SavedView',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('name', models.CharField(max_length=60)),
                    ('query', models.CharField(blank=True, max_length=2000)),
                    ('is_shared', models.BooleanField(default=False)),
                    ('position', models.PositiveIntegerField(default=0)),
                ],
                options={
                    'ordering': ['position', 'id'],
                },
            ), migrations.CreateModel(
                name='SignIn',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('device', models.CharField(blank=True, max_length=300)),
                    ('address', models.CharField(blank=True, max_length=45)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('last_used_at', models.DateTimeField(default=django.utils.timezone.now)),
                ],
            ), migrations.CreateModel(
                name='Assignment',
                fields=[
                    ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                    ('share', models.FloatField(null=True)),
                    ('created_at', models.DateTimeField(auto_now_add=True)),
                    ('until', models.DateTimeField(null=True)),
                    ('ended_at', models.DateTimeField(null=True)),
                    ('created_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('people', models.ManyToManyField(related_name='+', to=settings.AUTH_USER_MODEL)),
                    ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='assignments', to='annotator.project')),
                ],
                options={
                    'ordering': ['id'],
                },
            ), migrations.AddField(
                model_name='delivery',
                name='model',
                field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='annotator.modelversion'),
            ), migrations.AddField(
                model_name='delivery',
                name='project',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='annotator.project'),
            ), migrations.AddField(
                model_name='delivery',
                name='user',
                field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
            ), migrations.AddField(
                model_name='deliverycheck',
                name='delivery',
                field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='checks', to='annotator.delivery'),
            ), migrations.AddField(
                model_name='deliverycheck',
                name='item',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.item'),
            ), migrations.AddField(
                model_name='guidelinepicture',
                name='project',
                field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='annotator.project'),
            ), migrations.AddField(
                model_name='guidelinepicture',
                name='user',
                field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
            ), migrations.AddField(
                model_name='guidelineversion',
                name='project',
                field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='guideline_versions', to='annotator.project'),
            ), migrations.AddField(
                model_name='guidelineversion',
                name='user',
                field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
            ), migrations.AddField(
                model_name='invitation',
                name='invited_by',
                field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
            ), migrations.AddField(
                model_name='invitation',
                name='project',
                field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='annotator.project'),
            ), migrations.AddField(
                model_name='invitation',
                name='user',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to=settings.AUTH_USER_MODEL),
            ), migrations.AddField(
                model_name='labeledit',
                name='project',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='label_edits', to='annotator.project'),
            ), migrations.AddField(
                model_name='labeledit',
                name='redo',
                field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='annotator.bulkedit'),
            ), migrations.AddField(
                model_name='labeledit',
                name='user',
                field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
            ), migrations.AddField(
                model_name='labelmove',
                name='edit',
                field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='moves', to='annotator.labeledit'),
            ), migrations.AddField(
                model_name='savedview',
                name='project',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saved_views', to='annotator.project'),
            ), migrations.AddField(
                model_name='savedview',
                name='user',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL),
            ), migrations.AddField(
                model_name='signin',
                name='session',
                field=models.OneToOneField(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sign_in', to='sessions.session'),
            ), migrations.AddField(
                model_name='signin',
                name='token',
                field=models.OneToOneField(db_constraint=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='sign_in', to=settings.KNOX_TOKEN_MODEL),
            ), migrations.AddField(
                model_name='signin',
                name='user',
                field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_ins', to=settings.AUTH_USER_MODEL),
            ), migrations.AddIndex(
                model_name='assignment',
                index=models.Index(condition=models.Q(('ended_at', None)), fields=['project', 'id'], name='assignment_active'),
            ), migrations.AddIndex(
                model_name='delivery',
                index=models.Index(fields=['state'], name='delivery_active'),
            ), migrations.AddIndex(
                model_name='delivery',
                index=models.Index(fields=['stage'], name='delivery_by_stage'),
            ), migrations.AddConstraint(
                model_name='delivery',
                constraint=models.UniqueConstraint(fields=('project', 'number'), name='one_delivery_per_number'),
            ), migrations.AddConstraint(
                model_name='delivery',
                constraint=models.UniqueConstraint(condition=models.Q(('stage__in', ['plan', 'prove', 'freeze'])), fields=('project',), name='one_delivery_under_way'),
            ), migrations.AddIndex(
                model_name='deliverycheck',
                index=models.Index(fields=['delivery', 'verdict'], name='check_open'),
            ), migrations.AddConstraint(
                model_name='deliverycheck',
                constraint=models.UniqueConstraint(fields=('delivery', 'part', 'place'), name='one_check_per_draw'),
            ), migrations.AddConstraint(
                model_name='guidelinepicture',
                constraint=models.UniqueConstraint(fields=('project', 'key'), name='one_guideline_picture'),
            ), migrations.AddConstraint(
                model_name='guidelineversion',
                constraint=models.UniqueConstraint(fields=('project', 'number'), name='one_guideline_version_per_number'),
            ), migrations.AddConstraint(
                model_name='invitation',
                constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('user',), name='one_link_per_user'),
            ), migrations.AddIndex(
                model_name='labeledit',
                index=models.Index(fields=['state'], name='label_edit_active'),
            ), migrations.AddIndex(
                model_name='labelmove',
                index=models.Index(fields=['edit', 'row'], name='label_move_by_row'),
            ), migrations.AddConstraint(
                model_name='savedview',
                constraint=models.UniqueConstraint(fields=('project', 'user', 'name'), name='one_view_per_name'),
            )],
        ),
        migrations.AddField(
            model_name='decision',
            name='value',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='label',
            name='color',
            field=models.CharField(blank=True, choices=[('red', 'red'), ('orange', 'orange'), ('yellow', 'yellow'), ('green', 'green'), ('teal', 'teal'), ('blue', 'blue'), ('violet', 'violet'), ('pink', 'pink'), ('grey', 'grey')], db_default='', default='', max_length=16),
        ),
        migrations.AddField(
            model_name='label',
            name='parent',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='annotator.label'),
        ),
        migrations.AddField(
            model_name='label',
            name='retired_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='membership',
            name='guidelines_read',
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name='project',
            name='confirms',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='project',
            name='guidelines_number',
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name='project',
            name='has_assignments',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='project',
            name='merged_labels',
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AlterField(
            model_name='annotation',
            name='source',
            field=models.CharField(choices=[('active', 'selected by the strategy'), ('audit', 'audit sample'), ('random', 'random'), ('gold', 'gold item'), ('seed', 'seed label'), ('bulk', 'confirmed in bulk'), ('second', 'review'), ('repeat', 'repeated'), ('check', 'delivery check'), ('assigned', 'assigned by a lead')], max_length=16),
        ),
        migrations.AlterField(
            model_name='bulkedit',
            name='action',
            field=models.CharField(choices=[('redo', 'redo'), ('label', 'label'), ('requeue', 'requeue'), ('delete', 'delete'), ('assign', 'assign')], max_length=16),
        ),
        migrations.AlterField(
            model_name='lease',
            name='source',
            field=models.CharField(choices=[('active', 'selected by the strategy'), ('audit', 'audit sample'), ('random', 'random'), ('gold', 'gold item'), ('seed', 'seed label'), ('bulk', 'confirmed in bulk'), ('second', 'review'), ('repeat', 'repeated'), ('check', 'delivery check'), ('assigned', 'assigned by a lead')], max_length=16),
        ),
        migrations.AlterField(
            model_name='queueentry',
            name='source',
            field=models.CharField(choices=[('active', 'selected by the strategy'), ('audit', 'audit sample'), ('random', 'random'), ('gold', 'gold item'), ('seed', 'seed label'), ('bulk', 'confirmed in bulk'), ('second', 'review'), ('repeat', 'repeated'), ('check', 'delivery check'), ('assigned', 'assigned by a lead')], max_length=16),
        ),
        migrations.AlterField(
            model_name='reviewrequest',
            name='answer',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='review', to='annotator.annotation'),
        ),
        migrations.AlterField(
            model_name='reviewrequest',
            name='kind',
            field=models.CharField(choices=[('suspect', 'likely label error'), ('contradiction', 'near-duplicate with a different label'), ('repeat', 'self-consistency check'), ('check', 'second opinion on a delivery check')], max_length=16),
        ),
        migrations.AddField(
            model_name='queueentry',
            name='assignment',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='entries', to='annotator.assignment'),
        ),
        migrations.AddIndex(
            model_name='queueentry',
            index=models.Index(condition=models.Q(('assignment__isnull', False)), fields=['assignment', 'state', 'rank', 'id'], name='entry_assigned'),
        ),
    ]
