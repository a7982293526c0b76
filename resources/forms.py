"""The forms of the pages of documents and tools."""

from typing import Any

from django import forms

from resources.passages import KINDS, MAX_BYTES

MOST_FILES = 50


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once."""

    def clean(self, data: Any, initial: Any = None) -> Any:
        files = (data if isinstance(data, list) else [data]) or [None]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"Choose at most {MOST_FILES} files at once.")
        return [super(FilesField, self).clean(file, initial) for file in files]


class DocumentForm(forms.Form):
    uploads = FilesField(
        label="Files",
        allow_empty_file=True,
        widget=FilesInput(attrs={"accept": ",".join(KINDS)}),
        help_text=f"Text, Markdown, CSV, JSON or HTML, up to {MAX_BYTES >> 20} MB each. A file of"
        " the same name takes the old one’s place.",
    )
    collection = forms.RegexField(
        r"^[a-z][a-z0-9_-]{0,39}$",
        widget=forms.TextInput(
            attrs={"list": "collections", "spellcheck": "false", "autocomplete": "off"}
        ),
        help_text="Roles may be given single collections to search.",
        error_messages={"invalid": "Small letters, digits, - and _, 40 at most, a letter first."},
    )
