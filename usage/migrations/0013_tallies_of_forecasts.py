from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("usage", "0012_kept_attributions"),
    ]

    operations = [
        migrations.CreateModel(
            name="ForecastTally",
            fields=[
                ("settled_on", models.DateField(primary_key=True, serialize=False)),
                ("forecasts", models.IntegerField()),
                ("held", models.IntegerField()),
            ],
            options={
                "db_table": "budget_forecast_tallies",
                "constraints": [
                    models.CheckConstraint(
                        condition=Q(held__gte=0, held__lte=F("forecasts")),
                        name="forecast_tally_holds_no_more_than_all",
                    )
                ],
            },
        ),
        migrations.RunSQL(
            "INSERT INTO budget_forecast_tallies (settled_on, forecasts, held)"
            " SELECT (window_end AT TIME ZONE 'UTC')::date + 1, count(*),"
            " count(*) FILTER (WHERE actual >= low AND actual <= high)"
            " FROM budget_forecasts WHERE actual IS NOT NULL GROUP BY 1",
            migrations.RunSQL.noop,
        ),
    ]
