"""A key's secrets get rows of their own, so that a rotation can add one; keys get all their settings."""

import datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

# The deferred check of the new foreign key must not be pending when the tables change again below.
_COPY = """
INSERT INTO api_key_secrets
    (api_key_id, number, token_hash, alias, prefix, suffix, sealed, created_at, confirmed_at, last_used_at)
SELECT k.id, 1, k.token_hash, k.alias, k.secret_prefix, k.secret_suffix, k.sealed_secret, k.created_at,
    (SELECT o.applied_at FROM gateway_objects o WHERE o.kind = 'key' AND o.object_id = k.id AND o.applied > 0),
    k.last_used_at
FROM api_keys k;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('apikeys', '0001_initial'),
        ('litellm_sync', '0001_initial'),
        ('teams', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='apikey',
            name='apikey_token_hash_is_unique',
        ),
        migrations.CreateModel(
            name='ApiKeySecret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(default=1)),
                ('token_hash', models.CharField(max_length=64)),
                ('alias', models.CharField(max_length=80)),
                ('prefix', models.CharField(max_length=12)),
                ('suffix', models.CharField(max_length=4)),
                ('sealed', models.BinaryField(null=True)),
                ('request_token', models.CharField(blank=True, max_length=128, null=True)),
                ('created_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(blank=True, null=True)),
                ('superseded_at', models.DateTimeField(blank=True, null=True)),
                ('valid_until', models.DateTimeField(blank=True, null=True)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, null=True)),
                ('carried_spend', models.DecimalField(blank=True, decimal_places=30, max_digits=42, null=True)),
                ('late_spend', models.DecimalField(blank=True, decimal_places=30, max_digits=42, null=True)),
                ('period_ends_at', models.DateTimeField(blank=True, null=True)),
                ('spend_reset_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'db_table': 'api_key_secrets',
            },
        ),
        migrations.AddField(
            model_name='apikeysecret',
            name='api_key',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='secrets', to='apikeys.apikey'),
        ),
        migrations.AddIndex(
            model_name='apikeysecret',
            index=models.Index(condition=models.Q(('retired_at__isnull', True), ('superseded_at__isnull', False)), fields=['valid_until'], name='apikey_secret_to_retire'),
        ),
        migrations.AddConstraint(
            model_name='apikeysecret',
            constraint=models.UniqueConstraint(fields=('token_hash',), name='apikey_token_hash_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='apikeysecret',
            constraint=models.UniqueConstraint(fields=('alias',), name='apikey_secret_alias_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='apikeysecret',
            constraint=models.UniqueConstraint(fields=('api_key', 'number'), name='apikey_secrets_are_numbered'),
        ),
        migrations.AddConstraint(
            model_name='apikeysecret',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_at__isnull', True)), fields=('api_key',), name='apikey_has_one_current_secret'),
        ),
        migrations.AddConstraint(
            model_name='apikeysecret',
            constraint=models.UniqueConstraint(condition=models.Q(('retired_at__isnull', True), ('superseded_at__isnull', False)), fields=('api_key',), name='apikey_has_one_superseded_secret'),
        ),
        migrations.AddConstraint(
            model_name='apikeysecret',
            constraint=models.UniqueConstraint(fields=('api_key', 'request_token'), name='apikey_is_rotated_once_per_request'),
        ),
        migrations.AddConstraint(
            model_name='apikeysecret',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('superseded_at__isnull', True), ('valid_until__isnull', True)), models.Q(('superseded_at__isnull', False), ('valid_until__isnull', False), ('valid_until__lte', django.db.models.expressions.CombinedExpression(models.F('superseded_at'), '+', models.Value(datetime.timedelta(days=7))))), _connector='OR'), name='apikey_superseded_secret_has_an_end'),
        ),
        migrations.AddConstraint(
            model_name='apikeysecret',
            constraint=models.CheckConstraint(condition=models.Q(('retired_at__isnull', True), ('superseded_at__isnull', False), _connector='OR'), name='apikey_retired_secret_was_superseded'),
        ),
        migrations.RunSQL(_COPY, migrations.RunSQL.noop),
        migrations.RemoveField(
            model_name='apikey',
            name='sealed_secret',
        ),
        migrations.RemoveField(
            model_name='apikey',
            name='token_hash',
        ),
        migrations.RemoveConstraint(
            model_name='apikey',
            name='apikey_limits_are_not_negative',
        ),
        migrations.AddField(
            model_name='apikey',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='apikey',
            name='guardrails',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name='apikey',
            name='metadata',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='apikey',
            name='model_max_budget',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='apikey',
            name='model_rpm_limit',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='apikey',
            name='model_tpm_limit',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='apikey',
            name='permissions',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='apikey',
            name='portal_permissions',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name='apikey',
            name='soft_budget',
            field=models.DecimalField(blank=True, decimal_places=10, max_digits=20, null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='spend_reset_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='tags',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), blank=True, default=list, size=None),
        ),
        migrations.AlterField(
            model_name='apikey',
            name='budget_window',
            field=models.CharField(blank=True, default='', max_length=10),
        ),
        migrations.AlterField(
            model_name='apikey',
            name='owner',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='api_keys', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='apikey',
            index=models.Index(condition=models.Q(('team__isnull', False)), fields=['team', '-created_at', 'id'], name='apikey_of_team'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('max_budget__isnull', True), ('max_budget__gte', 0), _connector='OR'), models.Q(('soft_budget__isnull', True), ('soft_budget__gte', 0), _connector='OR'), models.Q(('tpm_limit__isnull', True), ('tpm_limit__gte', 0), _connector='OR'), models.Q(('rpm_limit__isnull', True), ('rpm_limit__gte', 0), _connector='OR'), models.Q(('max_parallel_requests__isnull', True), ('max_parallel_requests__gte', 1), _connector='OR')), name='apikey_limits_are_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('soft_budget__isnull', True), ('max_budget__isnull', True), ('soft_budget__lte', models.F('max_budget')), _connector='OR'), name='apikey_soft_budget_is_within_the_budget'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('budget_window', ''), ('budget_window__regex', '^(daily|weekly|monthly|yearly|[1-9][0-9]{0,4}([smhdw]|mo))$'), _connector='OR'), name='apikey_budget_window_is_a_duration'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(('owner__isnull', False), ('team__isnull', False), _connector='OR'), name='apikey_without_owner_belongs_to_a_team'),
        ),
    ]
