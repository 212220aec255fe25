

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0003_texts'),
    ]

    operations = [
        migrations.AddField(
            model_name='syncrun',
            name='left_out',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='syncrun',
            name='left_out_count',
            field=models.IntegerField(default=0),
        ),
    ]
