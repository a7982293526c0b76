"""Recipes of images."""

from sandbox.hardening import FLAVOURS
from sandbox.images.recipes import RECIPES, Recipe


def test_every_flavour_has_a_recipe():
    assert set(RECIPES) == set(FLAVOURS)
    assert set(RECIPES["default"].requirements) == {
        "pip", "numpy", "pandas", "sympy", "pytest", "ruff", "mypy",
    }  # fmt: skip


def test_a_changed_recipe_has_another_digest():
    recipes = (
        Recipe(flavour="a"),
        Recipe(flavour="a", requirements=("x",)),
        Recipe(flavour="a", requirements=("x",), also=" && y"),
    )
    assert len({recipe.digest for recipe in recipes}) == 3
    assert recipes[1].digest == Recipe(flavour="a", requirements=("x",)).digest


def test_wheels_do_not_stay_in_the_image():
    text = RECIPES["default"].dockerfile("base:1", "pip-1-py3-none-any.whl")
    last = text[text.rindex("FROM") :]
    assert "wheels" not in last
    assert "--no-index" in text
    assert RECIPES["minimal"].dockerfile("base:1", "") == "FROM base:1\n"
