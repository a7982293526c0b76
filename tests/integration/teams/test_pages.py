"""The pages of accounts and settings over HTTP."""

from collections.abc import Iterator

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings

from teams.models import ApiKey, Credential, User
from teams.providers import PROVIDERS, CheckResult, ProviderInfo, provider_register
from teams.services import (
    ResolvedCredential,
    credential_set,
    membership_set,
    sign_in_link_create,
    team_create,
    user_create,
)

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def ada() -> User:
    return user_create(email="ada@example.org", password="correct horse 9", name="Ada")


@pytest.fixture
def visitor(ada: User) -> Client:
    client = Client()
    client.force_login(ada, BACKEND)
    return client


class TestComingIn:
    def test_signing_up_gives_a_team_and_a_session(self) -> None:
        client = Client()
        data = {"email": "Grace@Example.org", "password1": "correct horse 9"}
        answer = client.post("/accounts/signup/", data)
        assert answer.status_code == 302
        grace = User.objects.get(email="grace@example.org")
        assert grace.personal_team.slug == "grace"
        assert "Grace’s team" in client.get("/settings/").content.decode()

    def test_sign_up_can_be_closed(self, settings: Settings) -> None:
        settings.SIGN_UP_OPEN = False
        data = {"email": "grace@example.org", "password1": "correct horse 9"}
        assert "closed" in Client().post("/accounts/signup/", data).content.decode().lower()
        assert not User.objects.exists()

    def test_signing_in_takes_the_address_in_any_letters(self, ada: User) -> None:
        client = Client()
        data = {"login": "ADA@example.org", "password": "correct horse 9"}
        assert client.post("/accounts/login/", data).status_code == 302
        assert client.get("/settings/").status_code == 200

    def test_a_wrong_password_says_nothing_about_who_exists(self, ada: User) -> None:
        client = Client()
        messages = {
            address: client.post("/accounts/login/", {"login": address, "password": "wrong"})
            .content.decode()
            .count("not correct")
            for address in ("ada@example.org", "nobody@example.org")
        }
        assert messages == {"ada@example.org": 1, "nobody@example.org": 1}

    def test_a_forgotten_password_is_reset_by_mail(self, ada: User) -> None:
        client = Client()
        client.post("/accounts/password/reset/", {"email": "ada@example.org"})
        link = next(word for word in mail.outbox[0].body.split() if "/password/reset/key/" in word)
        form = client.get(link.partition("testserver")[2], follow=True)
        data = {"password1": "battery staple 7", "password2": "battery staple 7"}
        client.post(form.redirect_chain[-1][0], data)
        assert Client().login(email="ada@example.org", password="battery staple 7")

    def test_the_page_after_sign_in_is_the_one_asked_for(self, ada: User) -> None:
        answer = Client().get("/settings/keys/")
        assert answer["Location"] == "/accounts/login/?next=/settings/keys/"


class TestOneTimeLink:
    def test_looking_at_it_uses_nothing_up_and_sending_its_form_signs_in(self, ada: User) -> None:
        link = sign_in_link_create(user=ada)
        Client().head(link)
        client = Client()
        page = client.get(link)
        assert "Ada" in page.content.decode()
        assert "no-store" in page["Cache-Control"]
        assert client.post(link).status_code == 302
        assert client.get("/settings/").status_code == 200
        assert Client().post(link).status_code == 410
        assert client.get(link)["Location"] == "/"

    def test_it_needs_the_forms_token(self, ada: User) -> None:
        link = sign_in_link_create(user=ada)
        assert Client(enforce_csrf_checks=True).post(link).status_code == 403
        assert Client().post(link).status_code == 302

    def test_a_used_one_says_what_to_do(self) -> None:
        page = Client().get("/sign-in/nothing/")
        assert page.status_code == 410
        assert "no longer works" in page.content.decode()


class TestChoosingATeam:
    def test_the_lists_follow_the_chosen_team(self, ada: User, visitor: Client) -> None:
        studio = team_create(name="Studio")
        membership_set(user=ada, team=studio, role="viewer")
        assert "Ada’s team" in visitor.get("/settings/").content.decode()
        visitor.post("/teams/choose/", {"team": "studio"})
        page = visitor.get("/settings/").content.decode()
        assert "<h1>Studio</h1>" in page
        assert "Save the name" not in page

    def test_a_team_that_one_has_left_is_not_shown_any_more(
        self, ada: User, visitor: Client
    ) -> None:
        membership = membership_set(user=ada, team=team_create(name="Studio"), role="viewer")
        visitor.post("/teams/choose/", {"team": "studio"})
        membership.delete()
        assert "Ada’s team" in visitor.get("/settings/").content.decode()

    @pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "javascript:x"])
    def test_it_leads_to_no_other_site(self, visitor: Client, back: str) -> None:
        answer = visitor.post("/teams/choose/", {"team": "ada", "next": back})
        assert answer["Location"] == "/"


class TestKeys:
    def test_a_key_is_shown_once_and_works(self, ada: User, visitor: Client) -> None:
        page = visitor.post("/settings/keys/", {"name": "Nightly"})
        token = page.context["token"]
        assert token in page.content.decode()
        assert "no-store" in page["Cache-Control"]
        assert token not in visitor.get("/settings/keys/").content.decode()
        api = Client(headers={"Authorization": f"Bearer {token}"})
        assert api.get("/api/v1/crews").status_code == 200
        visitor.post(f"/settings/keys/{ApiKey.objects.get().pk}/revoke/")
        assert api.get("/api/v1/crews").status_code == 401

    def test_a_key_reaches_its_own_team_only(self, ada: User, visitor: Client) -> None:
        membership_set(user=ada, team=team_create(name="Studio"), role="editor")
        token = visitor.post("/settings/keys/", {"name": "Nightly"}).context["token"]
        visitor.post("/teams/choose/", {"team": "studio"})
        crew = visitor.post("/api/v1/crews", {}, content_type="application/json").json()["id"]
        api = Client(headers={"Authorization": f"Bearer {token}"})
        assert visitor.get(f"/api/v1/crews/{crew}").status_code == 200
        assert api.get(f"/api/v1/crews/{crew}").status_code == 404

    def test_somebody_elses_key_is_neither_listed_nor_revoked(
        self, ada: User, visitor: Client
    ) -> None:
        visitor.post("/settings/keys/", {"name": "Adas"})
        grace = user_create(email="grace@example.org")
        membership_set(user=grace, team=ada.personal_team, role="editor")
        client = Client()
        client.force_login(grace, BACKEND)
        client.post("/teams/choose/", {"team": "ada"})
        assert "Adas" not in client.get("/settings/keys/").content.decode()
        assert client.post(f"/settings/keys/{ApiKey.objects.get().pk}/revoke/").status_code == 403


class TestApiAuthentication:
    @pytest.mark.parametrize("header", ["Bearer cs_wrong", "Bearer ", "Basic YTpi", "cs_wrong"])
    def test_a_wrong_header_is_refused_even_with_a_session(
        self, visitor: Client, header: str
    ) -> None:
        answer = visitor.get("/api/v1/crews", headers={"Authorization": header})
        assert answer.status_code == 401

    def test_a_session_needs_the_csrf_token_to_change_something(self, ada: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(ada, BACKEND)
        assert client.get("/api/v1/crews").status_code == 200
        data = {"content_type": "application/json"}
        assert client.post("/api/v1/crews", {}, **data).status_code == 401  # type: ignore[arg-type]
        client.get("/settings/")
        token = client.cookies["csrftoken"].value
        answer = client.post("/api/v1/crews", {}, headers={"X-CSRFToken": token}, **data)  # type: ignore[arg-type]
        assert answer.status_code == 201

    def test_a_key_needs_no_csrf_token(self, ada: User, visitor: Client) -> None:
        token = visitor.post("/settings/keys/", {"name": "Nightly"}).context["token"]
        client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {token}"})
        answer = client.post("/api/v1/crews", {}, content_type="application/json")
        assert answer.status_code == 201


class TestCredentials:
    SECRET = "sk-very-secret"

    def test_no_page_shows_a_stored_key(self, visitor: Client) -> None:
        data = {"provider": "openai", "name": "default", "api_key": self.SECRET, "base_url": ""}
        visitor.post("/settings/credentials/new/", data)
        stored = Credential.objects.get()
        for path in ("/settings/models/", f"/settings/credentials/{stored.pk}/"):
            assert self.SECRET not in visitor.get(path).content.decode()

    def test_a_refused_form_does_not_send_the_key_back(self, visitor: Client) -> None:
        data = {"provider": "openai", "name": "no good", "api_key": self.SECRET}
        answer = visitor.post("/settings/credentials/new/", data)
        assert answer.status_code == 422
        assert self.SECRET not in answer.content.decode()

    def test_a_new_address_without_the_key_is_refused_in_words(
        self, ada: User, visitor: Client
    ) -> None:
        stored = credential_set(team=ada.personal_team, provider="openai", api_key=self.SECRET)
        page = f"/settings/credentials/{stored.pk}/"
        answer = visitor.post(page, {"api_key": "", "base_url": "https://evil.example"})
        assert "Give the key again" in answer.content.decode()
        assert Credential.objects.get().base_url == ""

    @pytest.fixture
    def checked(self) -> Iterator[list[ResolvedCredential]]:
        calls: list[ResolvedCredential] = []

        def check(credential: ResolvedCredential) -> CheckResult:
            calls.append(credential)
            return CheckResult(ok=False, summary="401 from <api>", detail="Check the key.")

        before = PROVIDERS["openai"]
        provider_register(ProviderInfo(name="openai", title="OpenAI", check=check))
        yield calls
        provider_register(before)

    def test_the_test_button_asks_the_provider_and_shows_its_answer(
        self, ada: User, visitor: Client, checked: list[ResolvedCredential]
    ) -> None:
        stored = credential_set(team=ada.personal_team, provider="openai", api_key=self.SECRET)
        assert ">Test<" in visitor.get("/settings/models/").content.decode()
        fragment = visitor.post(f"/settings/credentials/{stored.pk}/test/").content.decode()
        assert [call.api_key for call in checked] == [self.SECRET]
        assert "401 from &lt;api&gt;" in fragment
        assert "Check the key." in fragment

    def test_a_tier_is_chosen_and_given_back(self, visitor: Client) -> None:
        data = {"provider": "openai", "model": "llama3.3", "credential": "ollama"}
        visitor.post("/settings/models/tiers/fast/", data)
        assert "llama3.3" in visitor.get("/settings/models/").content.decode()
        visitor.post("/settings/models/tiers/fast/", {**data, "model": ""})
        assert "llama3.3" not in visitor.get("/settings/models/").content.decode()
        assert visitor.post("/settings/models/tiers/huge/", data).status_code == 404


class TestHostileInput:
    GARBAGE = (
        "\x00",
        "a\x00b",
        "x" * 100_000,
        "\u202e<script>",
        "'; DROP TABLE",
        "../..",
        "{{ 7 }}",
    )
    FORMS = (
        ("/accounts/login/", ("login", "password")),
        ("/accounts/signup/", ("email", "password1")),
        ("/accounts/password/reset/", ("email",)),
        ("/teams/choose/", ("team", "next")),
        ("/settings/rename/", ("name",)),
        ("/settings/keys/", ("name",)),
        ("/settings/credentials/new/", ("provider", "name", "api_key", "base_url")),
        ("/settings/models/tiers/fast/", ("provider", "model", "credential")),
    )

    @pytest.mark.parametrize(("path", "fields"), FORMS)
    def test_a_form_full_of_garbage_is_refused_in_words(
        self, visitor: Client, path: str, fields: tuple[str, ...]
    ) -> None:
        client = Client() if path.startswith("/accounts/") else visitor
        for garbage in self.GARBAGE:
            answer = client.post(path, dict.fromkeys(fields, garbage))
            assert answer.status_code < 500, garbage[:20]
        answer = client.post(path, b"name=%ff%fe&team=%00", "application/x-www-form-urlencoded")
        assert answer.status_code < 500

    @pytest.mark.parametrize("token", ["%00", "%ff", "x" * 5000, "%F0%9F%8E%AC"])
    def test_tokens_of_garbage_are_unknown(self, token: str) -> None:
        assert Client().get(f"/sign-in/{token}/").status_code == 410
        answer = Client().get("/api/v1/crews", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401


class TestEveryPage:
    def test_it_carries_a_strict_policy_and_no_inline_script_without_nonce(
        self, visitor: Client
    ) -> None:
        page = visitor.get("/settings/")
        policy = page["Content-Security-Policy"]
        assert "unsafe" not in policy
        nonce = policy.partition("'nonce-")[2].partition("'")[0]
        assert f'<script nonce="{nonce}">' in page.content.decode()
        assert 'style="' not in page.content.decode()

    def test_what_is_not_there_and_what_is_not_allowed_say_so(
        self, ada: User, visitor: Client
    ) -> None:
        assert "There is nothing here" in visitor.get("/nowhere/").content.decode()
        membership_set(user=ada, team=team_create(name="Studio"), role="viewer")
        visitor.post("/teams/choose/", {"team": "studio"})
        refused = visitor.get("/settings/models/")
        assert refused.status_code == 403
        assert "Your role does not allow this" in refused.content.decode()
