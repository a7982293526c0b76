"""The forms of the pages of documents and tools."""

import shlex
from typing import Any

from django import forms

from resources.models import McpServer
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


class ServerForm(forms.Form):
    """A new MCP server; with ``stored``, a change to it in which no secrets keep the old ones."""

    slug = forms.RegexField(
        r"^[a-z][a-z0-9_-]{0,39}$",
        label="Name",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocomplete": "off"}),
        help_text="Crews list its tools as <code>mcp.name.tool</code>.",
        error_messages={"invalid": "Small letters, digits, - and _, 40 at most, a letter first."},
    )
    url = forms.CharField(
        required=False,
        label="Address",
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "https://mcp.example.com/mcp"}),
        help_text="Of a server that speaks streamable HTTP.",
    )
    command = forms.CharField(
        required=False,
        label="Or a command",
        max_length=2_000,
        widget=forms.TextInput(
            attrs={"placeholder": "python3 -m my_server", "spellcheck": "false"}
        ),
        help_text="Starts a server that speaks on standard input and output. It runs in a sandbox"
        " without network, never on this machine.",
    )
    image = forms.CharField(
        required=False,
        label="Sandbox image",
        max_length=200,
        widget=forms.TextInput(attrs={"placeholder": "default", "spellcheck": "false"}),
        help_text="For a command: the image that has it.",
    )
    secrets = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "spellcheck": "false",
                "autocomplete": "off",
                "placeholder": "Authorization: Bearer …",
            }
        ),
        help_text="One a line: headers as <code>Name: value</code> for an address, variables as"
        " <code>NAME=value</code> for a command. Stored encrypted, never shown again.",
    )

    def __init__(self, *args: Any, stored: McpServer | None = None, **kwargs: Any) -> None:
        if stored is not None:
            kwargs["initial"] = {
                "slug": stored.slug,
                "url": stored.url,
                "command": shlex.join(stored.command),
                "image": stored.image,
            }
        super().__init__(*args, **kwargs)
        self.stored = stored
        if stored is not None:
            self.fields["slug"].disabled = True
            if stored.sealed:
                self.fields["secrets"].help_text += " Empty keeps what is stored; - removes it."

    def clean_command(self) -> list[str]:
        try:
            return shlex.split(self.cleaned_data["command"])
        except ValueError as error:
            raise forms.ValidationError(f"This is no command: {error}.") from None

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("url") and not cleaned.get("command") and not self.errors:
            self.add_error("url", "Give the address of a server, or a command that starts one.")
        elif cleaned.get("url") and cleaned.get("command"):
            self.add_error("command", "Give either an address or a command, not both.")
        return cleaned

    def clean_secrets(self) -> dict[str, str] | None:
        """Return the secrets by name; None where what is stored is kept."""
        text = self.cleaned_data["secrets"].strip()
        if not text:
            return None if self.stored is not None else {}
        if text == "-":
            return {}
        mark = ":" if self.cleaned_data.get("url") else "="
        found = {}
        for line in filter(None, map(str.strip, text.splitlines())):
            name, there, value = line.partition(mark)
            if not there:
                raise forms.ValidationError(f"A line needs a name, a “{mark}” and a value.")
            found[name.strip()] = value.strip()
        return found

    def server(self) -> dict[str, Any]:
        """Return what `server_save` takes."""
        return {**self.cleaned_data, "new": self.stored is None}
