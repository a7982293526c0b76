"""A column for documents."""

import json
from typing import TYPE_CHECKING, Any

from django.db import models

from crews.strict_json import Json, json_dump

if TYPE_CHECKING:
    TextField = models.TextField[Any, Any]
else:
    TextField = models.TextField


class DocumentField(TextField):
    """JSON kept as text: the order of keys survives, which PostgreSQL's jsonb would lose."""

    if TYPE_CHECKING:  # what django-stubs lets be assigned and read
        _pyi_private_set_type: Any
        _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, *_: object) -> Json:
        return None if value is None else json.loads(value)

    def get_prep_value(self, value: Json) -> str | None:
        return None if value is None else json_dump(value)

    def to_python(self, value: Json) -> Json:
        return value

    def value_to_string(self, obj: models.Model) -> Any:
        return json_dump(self.value_from_object(obj))
