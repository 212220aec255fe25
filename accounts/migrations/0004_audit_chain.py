import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

# Django can't say PARTITION BY. The primary keys need the partition key in them.
TABLES = """
ALTER TABLE audit_logs RENAME TO audit_logs_before;
ALTER TABLE audit_logs_before ALTER COLUMN id DROP IDENTITY IF EXISTS;
CREATE SEQUENCE audit_event_id_seq AS bigint;
CREATE TABLE audit_logs (
    id bigint NOT NULL DEFAULT nextval('audit_event_id_seq'),
    at timestamptz NOT NULL,
    actor_id uuid,
    actor_name varchar(150) NOT NULL,
    credential varchar(20) NOT NULL,
    action varchar(60) NOT NULL,
    resource_type varchar(40) NOT NULL,
    resource_id varchar(255) NOT NULL,
    success boolean NOT NULL,
    error_message text NOT NULL,
    metadata jsonb NOT NULL,
    old_values jsonb,
    new_values jsonb,
    ip_address inet,
    user_agent varchar(300) NOT NULL,
    request_id varchar(36) NOT NULL,
    salt uuid DEFAULT gen_random_uuid(),
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
ALTER SEQUENCE audit_event_id_seq OWNED BY audit_logs.id;
CREATE INDEX audit_by_xid ON audit_logs (xid);

CREATE TABLE audit_seals (
    seq bigint NOT NULL,
    event_id bigint NOT NULL,
    at timestamptz NOT NULL,
    leaf bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (seq, at),
    CONSTRAINT audit_event_is_sealed_once UNIQUE (event_id, at)
) PARTITION BY RANGE (at);
"""

# One definition for the migration, the beat and a writer whose month is missing. Made aside and attached, which lets
# readers and writers of the other months go on.
MAKE_MONTH = """
CREATE FUNCTION audit_make_month(moment timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    first timestamp := date_trunc('month', moment AT TIME ZONE 'UTC');
    month text := to_char(first, 'YYYY_MM');
    parent text;
BEGIN
    IF to_regclass('audit_logs_' || month) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('audit partitions'));
    IF to_regclass('audit_logs_' || month) IS NOT NULL THEN
        RETURN false;
    END IF;
    FOREACH parent IN ARRAY ARRAY['audit_logs', 'audit_seals'] LOOP
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', parent || '_' || month, parent);
        EXECUTE format(
            'ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, parent || '_' || month,
            first AT TIME ZONE 'UTC', (first + interval '1 month') AT TIME ZONE 'UTC'
        );
        EXECUTE format(
            'CREATE TRIGGER stays BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_truncation()',
            parent || '_' || month
        );
    END LOOP;
    RETURN true;
END $$;
"""

# An accident or a fault of ours is stopped here; who may also drop triggers is caught by the chain.
TRIGGERS = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The audit record is only ever added to (% on %).', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION audit_refuse_truncation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('litemaas.audit_may_be_emptied', true) = 'by the tests' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'The audit record is never emptied (%).', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION audit_allow_redaction_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    kept text[] := ARRAY['id', 'at', 'actor_id', 'credential', 'action', 'resource_type', 'success', 'request_id', 'xid'];
    name text;
BEGIN
    IF current_setting('litemaas.audit_redacts', true) = OLD.id::text AND NEW.salt IS NULL
        AND EXISTS (SELECT FROM audit_redactions r WHERE r.event_id = OLD.id AND r.at = OLD.at)
    THEN
        FOREACH name IN ARRAY kept LOOP
            IF to_jsonb(OLD) -> name IS DISTINCT FROM to_jsonb(NEW) -> name THEN
                RAISE EXCEPTION 'A redaction does not change %.', name USING ERRCODE = 'restrict_violation';
            END IF;
        END LOOP;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'The audit record is only ever added to (UPDATE on %).', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER stays_as_it_is BEFORE UPDATE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_allow_redaction_only();
CREATE TRIGGER stays_there BEFORE DELETE ON audit_logs FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER stays BEFORE TRUNCATE ON audit_logs FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_truncation();
CREATE TRIGGER stays_as_it_is BEFORE UPDATE OR DELETE ON audit_seals FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER stays BEFORE TRUNCATE ON audit_seals FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_truncation();
CREATE TRIGGER stays_as_it_is BEFORE UPDATE OR DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER stays_as_it_is BEFORE UPDATE OR DELETE ON audit_retirements
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
"""

ROWS = """
SELECT audit_make_month(month) FROM (
    SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' AS month FROM audit_logs_before
    UNION SELECT now() UNION SELECT now() + interval '1 month' UNION SELECT now() + interval '2 months'
) AS months ORDER BY month;
INSERT INTO audit_logs (id, at, actor_id, actor_name, credential, action, resource_type, resource_id, success,
    error_message, metadata, old_values, new_values, ip_address, user_agent, request_id)
SELECT id, at, actor_id, actor_name, credential, action, resource_type, resource_id, success,
    error_message, metadata, old_values, new_values, ip_address, user_agent, request_id
FROM audit_logs_before ORDER BY id;
SELECT setval('audit_event_id_seq', (SELECT coalesce(max(id), 0) + 1 FROM audit_logs), false);
DROP TABLE audit_logs_before;
"""

SEARCHED = django.db.models.functions.text.Upper(
    django.db.models.functions.text.Concat(
        'action', models.Value(' '), 'resource_id', models.Value(' '),
        django.db.models.functions.comparison.Cast('metadata', models.TextField()),
        output_field=models.TextField(),
    )
)
INDEXES = [
    models.Index(fields=['-at', '-id'], name='audit_by_time'),
    models.Index(fields=['actor', '-at', '-id'], name='audit_by_actor'),
    models.Index(fields=['action', '-at', '-id'], name='audit_by_action'),
    models.Index(fields=['resource_type', 'resource_id', '-at'], name='audit_by_resource'),
    django.contrib.postgres.indexes.GinIndex(
        django.contrib.postgres.indexes.OpClass(SEARCHED, 'gin_trgm_ops'), name='audit_search'
    ),
]


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_limits_and_sources_of_roles'),
    ]

    operations = [
        # The old indexes keep their names otherwise.
        migrations.RemoveIndex(model_name='auditevent', name='audit_by_actor'),
        migrations.RemoveIndex(model_name='auditevent', name='audit_by_action'),
        migrations.RemoveIndex(model_name='auditevent', name='audit_by_resource'),
        migrations.CreateModel(
            name='AuditChain',
            fields=[
                ('id', models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('seq', models.BigIntegerField(default=0)),
                ('hash', models.BinaryField()),
                ('snapshot', models.TextField(default='1:1:')),
                ('sealed_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'audit_chain',
                'constraints': [models.CheckConstraint(condition=Q(pk=1), name='audit_chain_is_one')],
            },
        ),
        migrations.CreateModel(
            name='AuditCheckpoint',
            fields=[
                ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('hash', models.BinaryField()),
                ('signed_at', models.DateTimeField()),
                ('key_name', models.CharField(max_length=32)),
                ('public_key', models.BinaryField()),
                ('signature', models.BinaryField()),
            ],
            options={'db_table': 'audit_checkpoints'},
        ),
        migrations.CreateModel(
            name='AuditRetirement',
            fields=[
                ('first_seq', models.BigIntegerField(primary_key=True, serialize=False)),
                ('last_seq', models.BigIntegerField(unique=True)),
                ('month', models.DateField()),
                ('hash_before', models.BinaryField()),
                ('hash_after', models.BinaryField()),
                ('retired_at', models.DateTimeField()),
                ('key_name', models.CharField(max_length=32)),
                ('public_key', models.BinaryField()),
                ('signature', models.BinaryField()),
            ],
            options={
                'db_table': 'audit_retirements',
                'constraints': [
                    models.CheckConstraint(condition=Q(last_seq__gte=F('first_seq')), name='audit_retirement_is_a_run')
                ],
            },
        ),
        migrations.CreateModel(
            name='AuditRedaction',
            fields=[
                ('event_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField(help_text="The row's own time.")),
                ('fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=30), size=None)),
                ('commitments', models.JSONField(help_text='Of the redacted fields, hex by name.')),
                ('salts', models.JSONField(help_text='Of the fields that are still there, hex by name.')),
                ('redacted_at', models.DateTimeField()),
            ],
            options={'db_table': 'audit_redactions'},
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='AuditSeal',
                    fields=[
                        ('seq', models.BigIntegerField(primary_key=True, serialize=False)),
                        ('event_id', models.BigIntegerField()),
                        ('at', models.DateTimeField(help_text="The row's own time, which names its partition.")),
                        ('leaf', models.BinaryField()),
                        ('hash', models.BinaryField()),
                    ],
                    options={
                        'db_table': 'audit_seals',
                        'constraints': [
                            models.UniqueConstraint(fields=['event_id', 'at'], name='audit_event_is_sealed_once')
                        ],
                    },
                ),
                migrations.AlterField('auditevent', 'id', models.BigAutoField(primary_key=True, serialize=False)),
                migrations.AlterField('auditevent', 'at', models.DateTimeField()),
                migrations.AlterField(
                    'auditevent', 'actor',
                    models.ForeignKey(
                        blank=True, db_constraint=False, db_index=False, null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL,
                    ),
                ),
                migrations.AddField(
                    'auditevent', 'salt', models.UUIDField(default=uuid.uuid4, editable=False, null=True)
                ),
            ],
            database_operations=[migrations.RunSQL(TABLES), migrations.RunSQL(TRIGGERS), migrations.RunSQL(MAKE_MONTH)],
        ),
        *[migrations.AddIndex(model_name='auditevent', index=index) for index in INDEXES],
        # With their months the rows come, and with the indexes of the parent.
        migrations.RunSQL(ROWS),
    ]
