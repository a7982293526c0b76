import pytest

from teams.roles import PERMISSIONS, ROLES, allows


def test_each_role_includes_the_smaller_ones() -> None:
    assert ROLES["viewer"] < ROLES["runner"] < ROLES["editor"] < ROLES["owner"] == PERMISSIONS


@pytest.mark.parametrize(
    ("role", "permission", "allowed"),
    [
        ("viewer", "runs.view", True),
        ("viewer", "runs.start", False),
        ("runner", "runs.decide", True),
        ("runner", "crews.change", False),
        ("editor", "crews.change", True),
        ("editor", "credentials.change", False),
        ("owner", "credentials.change", True),
        ("stranger", "team.view", False),
    ],
)
def test_a_role_allows_what_the_table_says(role: str, permission: str, allowed: bool) -> None:
    assert allows(role, permission) is allowed


def test_a_misspelt_permission_is_an_error_that_lists_the_right_ones() -> None:
    with pytest.raises(ValueError, match=r"runs\.strat.*runs\.start"):
        allows("owner", "runs.strat")
