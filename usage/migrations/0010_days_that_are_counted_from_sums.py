from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("usage", "0009_deliveries_to_webhooks"),
    ]

    operations = [
        migrations.AddField(
            model_name="summedday",
            name="is_counted",
            field=models.BooleanField(default=False),
        ),
        # Those that were kept before were counted.
        migrations.RunSQL("UPDATE usage_summed_days SET is_counted = true", migrations.RunSQL.noop),
    ]
