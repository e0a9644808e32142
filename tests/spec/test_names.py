"""Names of parameters: what ids are made of them, and where they lead."""

from __future__ import annotations

from conformance.model.json import JSON
from conformance.model.profile import Parameter, Profile
from conformance.probes.samples import EXAMPLES
from conformance.spec.names import NAMES, places, slug, steps, top_of, vendor_names


def test_places() -> None:
    """Items and members are found where they are, and nothing where they are not."""
    body: dict[str, JSON] = {"a": [{"b": 1}, {"c": 2}, 3], "d": {"e": None}}

    assert [("a[0].b", 1)] == places(body, "a[].b")
    assert [("d.e", None)] == places(body, "d.*")
    assert [] == places(body, "a.b") + places(body, "x[]") + places(body, "d[]")


def test_members_belong_to_their_parameter() -> None:
    """A dotted name has the parameter that it is a member of, and is a word in an id."""
    assert "tools" == top_of("tools[].function.name")
    assert ("tools", "[]", "function", "name") == steps("tools[].function.name")
    assert "tools-function-name" == slug("tools[].function.name")
    assert "" == top_of("")


def test_a_vendors_own_parameters() -> None:
    """What the profile has and OpenAI has not, members counted with their parameter."""
    named = ("model", "messages", "n", "messages[].name", "top_k", "reasoning.effort", "top_k.x")
    claims = {name: Parameter(name) for name in named}

    assert ["top_k", "reasoning"] == vendor_names(Profile("p", "P", parameters=claims))


def test_every_parameter_has_an_ordinary_value() -> None:
    """The list of parameters and that of their values name the same, in one order."""
    assert NAMES == tuple(EXAMPLES)
