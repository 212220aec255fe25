import django.contrib.postgres.indexes
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    """Days and months of people and keys are read from their pages in order, instead of row by row through the key."""

    dependencies = [
        ('usage', '0010_days_that_are_counted_from_sums'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='keyday',
            index=django.contrib.postgres.indexes.BrinIndex(models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(models.F('day'), '+', models.Value(0)), output_field=models.DateField()), autosummarize=True, name='usage_key_day_by_time', pages_per_range=16),
        ),
        migrations.AddIndex(
            model_name='keymonth',
            index=django.contrib.postgres.indexes.BrinIndex(models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(models.F('month'), '+', models.Value(0)), output_field=models.DateField()), autosummarize=True, name='usage_key_month_by_time', pages_per_range=16),
        ),
        migrations.AddIndex(
            model_name='userday',
            index=django.contrib.postgres.indexes.BrinIndex(models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(models.F('day'), '+', models.Value(0)), output_field=models.DateField()), autosummarize=True, name='usage_user_day_by_time', pages_per_range=16),
        ),
        migrations.AddIndex(
            model_name='usermonth',
            index=django.contrib.postgres.indexes.BrinIndex(models.ExpressionWrapper(django.db.models.expressions.CombinedExpression(models.F('month'), '+', models.Value(0)), output_field=models.DateField()), autosummarize=True, name='usage_user_month_by_time', pages_per_range=16),
        ),
        # Until the planner has looked at the new sums, it takes a year for a two-hundredth of the rows.
        migrations.RunSQL(
            "ANALYZE usage_key_days, usage_key_months, usage_user_days, usage_user_months", migrations.RunSQL.noop
        ),
    ]
