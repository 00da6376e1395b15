"""Links between ids are kept; what was merged before goes on as links of its own."""

import django.db.models.deletion
from django.db import migrations, models

_KNOWN = "UPDATE tracking_distinctid SET known_ms = 0 WHERE known"
_MERGED = """
INSERT INTO tracking_idlink
    (product_id, source, target, kind, at_ms, tag, standing, outcome, protocol, library)
SELECT one.product_id, one.distinct_id, whole.distinct_id, 'earlier', 0, '', %s, 'done', '', ''
FROM tracking_distinctid one
    JOIN tracking_distinctid whole ON whole.number = one.owner
WHERE one.owner <> one.number
"""


def keep_past(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(_KNOWN)
        cursor.execute(_MERGED, [True])


class Migration(migrations.Migration):

    dependencies = [
        ('products', '0003_senders'),
        ('tracking', '0007_privacy'),
    ]

    operations = [
        migrations.AddField(
            model_name='distinctid',
            name='known_ms',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='merge',
            name='by',
            field=models.CharField(blank=True, max_length=150),
        ),
        migrations.AddField(
            model_name='person',
            name='own',
            field=models.JSONField(null=True),
        ),
        migrations.AlterField(
            model_name='merge',
            name='outcome',
            field=models.CharField(choices=[('done', 'Merged'), ('rubbish', 'Refused: not an id'), ('both_known', 'Refused: two known users'), ('crowded', 'Refused: too many devices of one user in a day'), ('barred', 'Refused: split by hand before'), ('split', 'Split off')], max_length=12),
        ),
        migrations.CreateModel(
            name='IdLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=400)),
                ('target', models.CharField(max_length=400)),
                ('kind', models.CharField(choices=[('identify', 'signed in'), ('alias', 'alias'), ('merge', 'merge'), ('manual', 'by hand'), ('earlier', 'before links were kept')], max_length=10)),
                ('at_ms', models.BigIntegerField()),
                ('tag', models.CharField(max_length=12)),
                ('standing', models.BooleanField(default=True)),
                ('outcome', models.CharField(blank=True, max_length=12)),
                ('protocol', models.CharField(blank=True, max_length=20)),
                ('library', models.CharField(blank=True, max_length=100)),
                ('product', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='products.product')),
            ],
            options={
                'indexes': [models.Index(fields=['product', 'target'], name='tracking_id_link_target')],
                'constraints': [models.UniqueConstraint(fields=('product', 'source', 'target', 'kind'), name='tracking_id_link_once')],
            },
        ),
        migrations.CreateModel(
            name='IdSplit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('split', models.BigIntegerField(db_index=True)),
                ('distinct_id', models.CharField(max_length=400)),
                ('left', models.BooleanField()),
                ('product', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='products.product')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('product', 'distinct_id', 'split'), name='tracking_id_split_once')],
            },
        ),
        migrations.RunPython(keep_past, migrations.RunPython.noop),
    ]
