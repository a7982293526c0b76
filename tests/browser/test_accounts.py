"""Coming in, the frame of the pages, and the settings, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.engines.browser import axe_violations, scrolls_sideways
from tests.engines.installation import Installation

DESKTOP = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
ENTRANCE = ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/sign-in/none/")
SETTINGS = (
    "/settings/",
    "/settings/models/",
    "/settings/credentials/new/",
    "/settings/tools/",
    "/settings/tools/servers/new/",
    "/settings/documents/",
    "/settings/keys/",
    "/accounts/email/",
    "/accounts/password/set/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/nothing/",
)


def test_the_printed_link_lets_a_newcomer_in_by_itself(site: Installation, page: Page) -> None:
    page.goto(site.url + site.sign_in_path())
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.get_by_role("button", name="You and settings").click()
    expect(page.locator("#user-menu").get_by_text("owner@localhost")).to_be_visible()


def test_the_link_works_without_scripts_by_its_button(
    site: Installation, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(site.url + site.sign_in_path())
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_somebody_signs_up_out_and_in_again(site: Installation, page: Page) -> None:
    page.goto(f"{site.url}/accounts/login/?next=/settings/")
    page.get_by_role("link", name="Create an account").click()
    page.get_by_label("Email").fill("grace@example.org")
    page.get_by_label("Password").fill("correct horse 9")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Grace’s team")
    page.get_by_role("button", name="You and settings").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{site.url}/settings/keys/")
    page.get_by_label("Email").fill("grace@example.org")
    page.get_by_label("Password").fill("wrong password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("not correct")
    page.get_by_label("Password").fill("correct horse 9")
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{site.url}/settings/keys/")


def test_a_passkey_signs_in(site: Installation, new_context: Callable[..., BrowserContext]) -> None:
    # Browsers know passkeys by host name, so not on 127.0.0.1.
    url = site.url.replace("127.0.0.1", "localhost")
    context = new_context()
    page = context.new_page()
    authenticator = context.new_cdp_session(page)
    authenticator.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "automaticPresenceSimulation": True}
    able = dict.fromkeys(("hasResidentKey", "hasUserVerification", "isUserVerified"), True)
    authenticator.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, **able}})
    page.goto(f"{url}/accounts/signup/")
    page.get_by_label("Email").fill("katherine@example.org")
    page.get_by_label("Password").fill("correct horse 9")
    page.get_by_role("button", name="Create the account").click()
    page.wait_for_url(lambda address: "/signup/" not in address)
    page.goto(f"{url}/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill("correct horse 9")
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Recovery Codes")
    page.get_by_role("button", name="You and settings").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(f"{url}/accounts/login/?next=/settings/")
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Katherine’s team")


def test_passkeys_are_not_offered_where_browsers_refuse_them(
    site: Installation, page: Page
) -> None:
    page.goto(f"{site.url}/accounts/login/")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Use a passkey")).to_be_hidden()


def test_a_chosen_theme_stays(signed_in: Page) -> None:
    page = signed_in
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    page.emulate_media(color_scheme="light")
    light = page.evaluate(paper)
    page.get_by_role("button", name="You and settings").click()
    page.get_by_text("Dark", exact=True).click()
    dark = page.evaluate(paper)
    assert dark != light
    page.reload()
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="You and settings").click()
    page.get_by_text("System", exact=True).click()
    assert page.evaluate(paper) == light


def test_the_menu_is_reached_and_left_by_keyboard(signed_in: Page) -> None:
    page = signed_in
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    button = page.get_by_role("button", name="You and settings")
    button.focus()
    page.keyboard.press("Enter")
    settings = page.get_by_role("link", name="Settings")
    expect(settings).to_be_visible()
    page.keyboard.press("Escape")
    expect(settings).to_be_hidden()
    expect(button).to_be_focused()


def test_a_key_is_made_copied_and_revoked(
    site: Installation, context: BrowserContext, signed_in: Page
) -> None:
    page = signed_in
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    page.goto(f"{site.url}/settings/keys/")
    page.get_by_label("What is it for?").fill("Nightly import")
    page.get_by_role("button", name="Create the key").click()
    key = page.locator("#new-key").inner_text()
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == key
    api = page.request.get(f"{site.url}/api/v1/crews", headers={"Authorization": f"Bearer {key}"})
    assert api.ok
    page.get_by_role("button", name="Revoke Nightly import").click()
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Programs that use it stop working")
    question.get_by_role("button", name="Keep as it is").click()
    expect(page.get_by_role("row", name="Nightly import")).to_be_visible()
    page.get_by_role("button", name="Revoke Nightly import").click()
    question.get_by_role("button", name="Revoke").click()
    expect(page.locator("#toasts")).to_contain_text("Nightly import no longer works")
    expect(page.get_by_role("row", name="Nightly import")).to_be_hidden()


def test_a_server_of_ones_own_is_added_and_changed(site: Installation, signed_in: Page) -> None:
    page = signed_in
    page.goto(f"{site.url}/settings/models/")
    page.get_by_role("link", name="Add a credential").first.click()
    page.get_by_label("Provider").select_option(label="OpenAI or compatible")
    page.get_by_label("Name").fill("ollama")
    page.get_by_label("Server address").fill("http://localhost:9/v1")
    page.get_by_role("button", name="Store the credential").click()
    row = page.get_by_role("row", name=re.compile("ollama"))
    answer = page.locator(".row-note")
    expect(row).to_contain_text("none needed")
    row.get_by_role("button", name="Test").click()
    expect(answer).to_contain_text("localhost:9 refused the connection")
    row.get_by_role("link", name="Change").click()
    expect(page.get_by_label("Server address")).to_have_value("http://localhost:9/v1")
    page.get_by_label("API key").fill("sk-secret")
    page.get_by_role("button", name="Store the credential").click()
    expect(row).to_contain_text("stored")
    row.get_by_role("link", name="Change").click()
    page.get_by_label("Server address").fill("http://localhost:10/v1")
    page.get_by_role("button", name="Store the credential").click()
    expect(page.get_by_text("Give the key again")).to_be_visible()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
class TestLook:
    def test_pages_before_sign_in(self, site: Installation, page: Page, size: ViewportSize) -> None:
        self._look_at(ENTRANCE, site, page, size)

    def test_pages_of_settings(
        self, site: Installation, signed_in: Page, size: ViewportSize
    ) -> None:
        self._look_at(SETTINGS, site, signed_in, size)

    def _look_at(
        self, paths: tuple[str, ...], site: Installation, page: Page, size: ViewportSize
    ) -> None:
        page.set_viewport_size(size)
        for path in paths:
            page.goto(site.url + path)
            assert not axe_violations(page), path
            assert not scrolls_sideways(page), path


def test_a_long_team_name_does_not_widen_a_phone(site: Installation, page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(f"{site.url}/accounts/signup/")
    page.get_by_label("Email").fill("mary@example.org")
    page.get_by_label("Password").fill("correct horse 9")
    page.get_by_role("button", name="Create the account").click()
    page.wait_for_url(lambda address: "/signup/" not in address)
    page.goto(f"{site.url}/settings/")
    page.get_by_label("Team name").fill("Rechtsschutzversicherungsgesellschaft " * 2 + "x" * 24)
    page.get_by_role("button", name="Save the name").click()
    expect(page.locator("#toasts")).to_contain_text("new name")
    for path in ("/settings/", "/settings/keys/", "/"):
        page.goto(site.url + path)
        assert not scrolls_sideways(page), path
