from django.db import migrations

# A batch of a busy hour changes every row of a page. Each needs a place on that page for its new version until the batch
# is committed; if there is none, it goes elsewhere and every index is told.
ROOM = "".join(
    f"ALTER TABLE usage_{name} SET (fillfactor = {percent});"
    for name, percent in (
        *(("user_days", 60), ("user_months", 60), ("key_days", 60), ("key_months", 60)),
        *(("days", 75), ("months", 75)),
    )
)


class Migration(migrations.Migration):
    """More room on the pages of rollups that are added to most. It is for pages that are filled from now on."""

    dependencies = [
        ("usage", "0013_tallies_of_forecasts"),
    ]

    operations = [migrations.RunSQL(ROOM, migrations.RunSQL.noop)]
