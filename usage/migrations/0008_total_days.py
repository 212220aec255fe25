from django.db import migrations, models


SUMS = (
    *("requests", "prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "cache_write_tokens"),
    *("reasoning_tokens", "cost", "unpriced", "latency_ms", "timed", "first_token_ms", "first_token_timed"),
    *("latency_histogram", "first_token_histogram"),
)
TABLE = """
INSERT INTO usage_total_{unit}s ({unit}, status, {names})
SELECT {unit}, status, {sums} FROM usage_model_{unit}s GROUP BY 1, 2;
ALTER TABLE usage_total_{unit}s SET (fillfactor = 85);
"""
SUMMED = ", ".join(f"sum({name})" for name in SUMS)
FILL = "".join(TABLE.format(unit=unit, names=", ".join(SUMS), sums=SUMMED) for unit in ("day", "month"))


class Migration(migrations.Migration):
    """Everybody's days and months as rows of their own."""

    dependencies = [
        ('usage', '0007_visitors'),
    ]

    operations = [
        migrations.CreateModel(
            name='TotalDay',
            fields=[
                ('requests', models.BigIntegerField()),
                ('prompt_tokens', models.BigIntegerField()),
                ('completion_tokens', models.BigIntegerField()),
                ('total_tokens', models.BigIntegerField()),
                ('cached_tokens', models.BigIntegerField()),
                ('cache_write_tokens', models.BigIntegerField()),
                ('reasoning_tokens', models.BigIntegerField()),
                ('cost', models.DecimalField(decimal_places=30, max_digits=42)),
                ('unpriced', models.BigIntegerField()),
                ('latency_ms', models.BigIntegerField()),
                ('timed', models.BigIntegerField()),
                ('first_token_ms', models.BigIntegerField()),
                ('first_token_timed', models.BigIntegerField()),
                ('latency_histogram', models.DecimalField(decimal_places=0, max_digits=800)),
                ('first_token_histogram', models.DecimalField(decimal_places=0, max_digits=800)),
                ('pk', models.CompositePrimaryKey('day', 'status', blank=True, editable=False, primary_key=True, serialize=False)),
                ('day', models.DateField()),
                ('status', models.CharField(choices=[('success', 'Success'), ('failure', 'Failure'), ('unknown', 'Unknown')], max_length=10)),
            ],
            options={
                'db_table': 'usage_total_days',
            },
        ),
        migrations.CreateModel(
            name='TotalMonth',
            fields=[
                ('requests', models.BigIntegerField()),
                ('prompt_tokens', models.BigIntegerField()),
                ('completion_tokens', models.BigIntegerField()),
                ('total_tokens', models.BigIntegerField()),
                ('cached_tokens', models.BigIntegerField()),
                ('cache_write_tokens', models.BigIntegerField()),
                ('reasoning_tokens', models.BigIntegerField()),
                ('cost', models.DecimalField(decimal_places=30, max_digits=42)),
                ('unpriced', models.BigIntegerField()),
                ('latency_ms', models.BigIntegerField()),
                ('timed', models.BigIntegerField()),
                ('first_token_ms', models.BigIntegerField()),
                ('first_token_timed', models.BigIntegerField()),
                ('latency_histogram', models.DecimalField(decimal_places=0, max_digits=800)),
                ('first_token_histogram', models.DecimalField(decimal_places=0, max_digits=800)),
                ('pk', models.CompositePrimaryKey('month', 'status', blank=True, editable=False, primary_key=True, serialize=False)),
                ('month', models.DateField()),
                ('status', models.CharField(choices=[('success', 'Success'), ('failure', 'Failure'), ('unknown', 'Unknown')], max_length=10)),
            ],
            options={
                'db_table': 'usage_total_months',
            },
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
