import usage.models.rollups
from django.db import migrations, models


# What is added to finds room on its page, so the indexes are left alone.
ROOM = """
ALTER TABLE usage_visitor_days SET (fillfactor = 85);
ALTER TABLE usage_visitor_months SET (fillfactor = 85);
"""
NUMBERS = """
INSERT INTO usage_visitors (user_id) SELECT DISTINCT user_id FROM usage_series
WHERE user_id <> '00000000-0000-0000-0000-000000000000' ORDER BY 1;
"""
SETS = """
INSERT INTO usage_visitor_{unit}s (dimension, {unit}, label, chunk, users)
SELECT CASE grouping(provider, model, team_id)
        WHEN 3 THEN 'provider' WHEN 5 THEN 'model' WHEN 6 THEN 'team' ELSE '' END,
    at, coalesce(provider, model, team_id::text, ''), chunk, bit_or(set_bit(B'0'::bit(4096), place, 1))
FROM (
    SELECT DISTINCT {at} AS at, s.provider, s.model, s.team_id, v.id / 4096 AS chunk, mod(v.id, 4096) AS place
    FROM usage_days r JOIN usage_series s ON s.id = r.series_id JOIN usage_visitors v ON v.user_id = s.user_id
) seen GROUP BY GROUPING SETS ((at, chunk), (at, provider, chunk), (at, model, chunk), (at, team_id, chunk));
"""


class Migration(migrations.Migration):
    """Sets of visitors by day and month: counting distinct people takes a few bitmaps instead of a row per person."""

    dependencies = [
        ('usage', '0006_summed_days'),
    ]

    operations = [
        migrations.CreateModel(
            name='Visitor',
            fields=[
                ('id', models.AutoField(primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(unique=True)),
            ],
            options={
                'db_table': 'usage_visitors',
            },
        ),
        migrations.CreateModel(
            name='VisitorDay',
            fields=[
                ('dimension', models.CharField(blank=True, default='', max_length=8)),
                ('label', models.CharField(blank=True, default='', max_length=255)),
                ('chunk', models.IntegerField()),
                ('users', usage.models.rollups.BitsField()),
                ('pk', models.CompositePrimaryKey('dimension', 'day', 'label', 'chunk', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
            ],
            options={
                'db_table': 'usage_visitor_days',
            },
        ),
        migrations.CreateModel(
            name='VisitorMonth',
            fields=[
                ('dimension', models.CharField(blank=True, default='', max_length=8)),
                ('label', models.CharField(blank=True, default='', max_length=255)),
                ('chunk', models.IntegerField()),
                ('users', usage.models.rollups.BitsField()),
                ('pk', models.CompositePrimaryKey('dimension', 'month', 'label', 'chunk', blank=True, editable=False, primary_key=True, serialize=False)),
                ('month', models.DateField()),
            ],
            options={
                'db_table': 'usage_visitor_months',
            },
        ),
        migrations.RunSQL(ROOM, migrations.RunSQL.noop),
        migrations.RunSQL(NUMBERS, migrations.RunSQL.noop),
        migrations.RunSQL(SETS.format(unit="day", at="r.day"), migrations.RunSQL.noop),
        migrations.RunSQL(
            SETS.format(unit="month", at="date_trunc('month', r.day::timestamp)::date"), migrations.RunSQL.noop
        ),
        migrations.DeleteModel(
            name='ModelUserMonth',
        ),
    ]
