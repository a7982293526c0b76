"""The full-text index of passages: FTS5 on SQLite, a GIN index on PostgreSQL."""

from django.db import migrations

SQLITE = (
    "CREATE VIRTUAL TABLE resources_passage_text USING fts5("
    "heading, text, content='resources_passage', content_rowid='id',"
    " tokenize='porter unicode61 remove_diacritics 2')",
    "CREATE TRIGGER resources_passage_added AFTER INSERT ON resources_passage BEGIN"
    " INSERT INTO resources_passage_text(rowid, heading, text)"
    " VALUES (new.id, new.heading, new.text); END",
    "CREATE TRIGGER resources_passage_removed AFTER DELETE ON resources_passage BEGIN"
    " INSERT INTO resources_passage_text(resources_passage_text, rowid, heading, text)"
    " VALUES ('delete', old.id, old.heading, old.text); END",
)
POSTGRESQL = (
    "CREATE INDEX resources_passage_text ON resources_passage"
    " USING gin (to_tsvector('english', heading || ' ' || text))",
)
BACK = {
    "sqlite": (
        "DROP TRIGGER resources_passage_removed",
        "DROP TRIGGER resources_passage_added",
        "DROP TABLE resources_passage_text",
    ),
    "postgresql": ("DROP INDEX resources_passage_text",),
}


def make(apps, schema_editor):
    for statement in SQLITE if schema_editor.connection.vendor == "sqlite" else POSTGRESQL:
        schema_editor.execute(statement)


def unmake(apps, schema_editor):
    for statement in BACK[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("resources", "0001_initial")]
    operations = [migrations.RunPython(make, unmake)]
