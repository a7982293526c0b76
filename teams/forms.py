"""The forms of the settings pages."""

from typing import Any, Self

from django import forms

from teams.models import Credential
from teams.providers import PROVIDERS, Serves, providers_for
from teams.services import TierModel


def _providers(serves: Serves | None = None) -> list[tuple[str, str]]:
    offered = providers_for(serves) if serves else PROVIDERS
    return [(info.name, info.title) for info in offered.values()]


def _of_models() -> list[tuple[str, str]]:
    return _providers("models")


class TeamForm(forms.Form):
    name = forms.CharField(max_length=100, label="Team name")


class ApiKeyForm(forms.Form):
    name = forms.CharField(
        max_length=100,
        label="What is it for?",
        widget=forms.TextInput(attrs={"placeholder": "Nightly import", "autocomplete": "off"}),
    )


class CredentialForm(forms.Form):
    """A new credential; with ``stored``, a change to it in which an empty key keeps the old one."""

    provider = forms.ChoiceField(choices=_providers)
    name = forms.SlugField(
        max_length=60,
        initial="default",
        help_text="Crews refer to it by this name; “default” is used if they name none.",
    )
    api_key = forms.CharField(
        required=False,
        strip=True,
        label="API key",
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Stored encrypted, never shown again. Leave empty only if the server needs none.",
    )
    base_url = forms.CharField(
        required=False,
        label="Server address",
        max_length=500,
        widget=forms.URLInput(attrs={"placeholder": "the provider’s own"}),
        help_text="For Ollama, vLLM, a proxy or any compatible server, e.g. http://localhost:11434/v1",
    )
    per_minute = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=6000,
        label="Calls a minute",
        widget=forms.NumberInput(attrs={"placeholder": "any number"}),
        help_text="All runs together make no more model calls with it than so many; others wait.",
    )

    def __init__(
        self,
        *args: Any,
        stored: Credential | None = None,
        serves: Serves | None = None,
        **kwargs: Any,
    ) -> None:
        if stored is not None:
            kwargs["initial"] = {
                "provider": stored.provider,
                "name": stored.name,
                "base_url": stored.base_url,
                "per_minute": stored.per_minute,
            }
        super().__init__(*args, **kwargs)
        if serves == "search":
            del self.fields["per_minute"]
            self.fields["base_url"].help_text = "Where your SearXNG is; the others need none."
        if serves is not None:
            provider: Any = self.fields["provider"]
            provider.choices = _providers(serves)
        if stored is not None:
            self.fields["provider"].disabled = self.fields["name"].disabled = True
            self.fields["api_key"].help_text = (
                "Empty keeps the stored key, unless you change the server address."
                if stored.sealed
                else "This server is called without a key."
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("provider") == "searxng" and not cleaned.get("base_url"):
            self.add_error("base_url", "SearXNG needs its address, like http://localhost:8080.")
        return cleaned


class TierForm(forms.Form):
    """Which model one tier means; an empty model name means the provider's default."""

    provider = forms.ChoiceField(choices=_of_models)
    model = forms.CharField(
        max_length=120, required=False, widget=forms.TextInput(attrs={"spellcheck": "false"})
    )
    credential = forms.SlugField(max_length=60, required=False, initial="default")

    @classmethod
    def shown(cls, tier: TierModel) -> Self:
        """Make the form that shows a tier as it is; a default model is only hinted at."""
        initial = {
            "provider": tier.provider,
            "credential": tier.credential,
            "model": tier.model if tier.chosen else "",
        }
        form = cls(auto_id=f"{tier.tier}-%s", initial=initial)
        form.fields["model"].widget.attrs["placeholder"] = tier.model
        return form
