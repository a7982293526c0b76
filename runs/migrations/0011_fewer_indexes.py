import django.db.models.deletion
from django.db import migrations, models


def without_index(model, field, index, related_name):
    """Drop the index of a foreign key by its name: Django would copy the whole table on SQLite."""
    table = f"runs_{model}"
    key = models.ForeignKey(
        db_index=False,
        on_delete=django.db.models.deletion.CASCADE,
        related_name=related_name,
        to="runs.run",
    )
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f'DROP INDEX IF EXISTS "{index}"',
                f'CREATE INDEX "{index}" ON "{table}" ("{field}_id")',
            )
        ],
        state_operations=[migrations.AlterField(model_name=model, name=field, field=key)],
    )


class Migration(migrations.Migration):
    dependencies = [("runs", "0010_traced")]

    operations = [
        migrations.RemoveIndex(model_name="action", name="actions_by_status"),
        migrations.RemoveIndex(model_name="action", name="actions_by_agent"),
        migrations.RemoveIndex(model_name="action", name="actions_by_type"),
        without_index("action", "run", "runs_action_run_id_f8b7ab02", "action_rows"),
        without_index("entry", "run", "runs_entry_run_id_bc2e6988", "entries"),
    ]
