from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("usage", "0011_rows_in_their_order"),
    ]

    operations = [
        migrations.CreateModel(
            name="KeptAttribution",
            fields=[
                ("token_hash", models.CharField(max_length=128, primary_key=True, serialize=False)),
                ("api_key_id", models.UUIDField()),
                ("since", models.DateTimeField()),
            ],
            options={
                "db_table": "usage_kept_attributions",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("token_hash", ""), _negated=True),
                        name="usage_attribution_names_a_key",
                    )
                ],
            },
        ),
    ]
