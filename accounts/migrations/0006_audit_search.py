from django.db import migrations

# Plain SQL keeps the expression readable: accounts.audit.queries asks for it letter for letter.
SEARCH = """
DROP INDEX audit_search;
CREATE INDEX audit_search ON audit_logs
    USING gin (upper(action || ' ' || resource_id || ' ' || metadata::text) gin_trgm_ops);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_sign_ins_and_automation_keys'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveIndex(model_name='auditevent', name='audit_search')],
            database_operations=[migrations.RunSQL(SEARCH)],
        ),
    ]
