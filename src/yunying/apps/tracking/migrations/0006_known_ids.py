"""Which ids somebody signed in under is noted with them; for those of the past, what is on record of merges tells."""

from django.db import migrations, models

_PAST = """
UPDATE tracking_distinctid
SET known = %s
WHERE (product_id, distinct_id) IN
(
    SELECT product_id, target
    FROM tracking_merge
    WHERE kind = 'identify'
        AND outcome = 'done'
)
"""


def note_past(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_PAST, [True])


class Migration(migrations.Migration):

    dependencies = [
        ('tracking', '0005_property_days'),
    ]

    operations = [
        migrations.AddField(
            model_name='distinctid',
            name='known',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunPython(note_past, migrations.RunPython.noop),
    ]
