import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("runs", "0003_questions")]

    operations = [
        migrations.CreateModel(
            name="OpenPreview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("action", models.UUIDField()),
                ("number", models.PositiveIntegerField()),
                ("workspace", models.CharField(max_length=255)),
                ("port", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=200)),
                ("hosts", models.JSONField(default=list)),
                ("holder", models.CharField(blank=True, max_length=255)),
                ("seen_at", models.DateTimeField()),
                ("until", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="previews",
                        to="runs.run",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("run", "number"), name="preview_number_per_run"
                    ),
                    models.UniqueConstraint(
                        fields=("run", "action"), name="preview_action_per_run"
                    ),
                ],
            },
        ),
    ]
