"""Hypothesis strategies for JSON values and documents."""

from hypothesis import strategies as st

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
numbers = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
_names = st.sampled_from(["lead", "writer", "", "A b", "x" * 41])
_roles = st.fixed_dictionaries(
    {}, optional={"seat": texts | values, "kind": texts | values, "title": values}
)
_handoffs = st.fixed_dictionaries(
    {}, optional={"from": _names | values, "to": _names | values, "schema": values}
)
_points = st.fixed_dictionaries({}, optional={"x": numbers | values, "y": numbers, "note": values})
# Documents in all states of being unfinished or wrong.
documents = st.fixed_dictionaries(
    {},
    optional={
        "callsheet": values,
        "name": texts | values,
        "description": texts | values,
        "pattern": st.fixed_dictionaries({}, optional={"name": texts, "options": values}) | values,
        "task": values,
        "roles": st.dictionaries(_names, _roles, max_size=4) | values,
        "handoffs": st.lists(_handoffs, max_size=4) | values,
        "limits": values,
        "layout": st.dictionaries(_names, _points | values, max_size=4) | values,
        "something else": values,
    },
)
