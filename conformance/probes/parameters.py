"""The parameter matrix: for each parameter, values inside its claim, outside it, and where it is not supported.

Every family is a probe (``param.temperature.range``), every request of it a case (``param.temperature.range:above``).
Which cases there are follows from the profile alone; a family whose claim the profile does not make has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from conformance.model.json import JSON
from conformance.model.plan import Suite
from conformance.model.profile import Profile
from conformance.model.target import Target
from conformance.spec.claims import Way
from conformance.spec.names import NAMES, slug, vendor_names

from .param_departures import combinations, incomplete, ranges, types, unsupported
from .param_values import standing_of, values
from .registry import Case, Cases, family
from .samples import around

UNKNOWN_FIELD = "conformance_unknown_field"
"""A name that no API gives a meaning to."""
UNKNOWN_ROWS = {"top-level": "unknown field", "nested": "unknown field in stream_options"}
"""Where such a field stands, as the capability table says it."""


def _declare(top: str) -> None:
    name = slug(top)
    family(
        f"param.{name}.value", f"`{top}` with values that the profile allows.", values(top), row=top
    )
    family(f"param.{name}.range", f"`{top}` outside its range.", ranges(top), row=top)
    family(f"param.{name}.type", f"`{top}` of another type.", types(top), row=top)
    family(
        f"param.{name}.combination",
        f"`{top}` without what it requires, or beside what it excludes.",
        combinations(top),
        row=top,
    )
    family(
        f"param.{name}.missing",
        f"`{top}` without a member that it must have.",
        incomplete(top),
        row=top,
    )
    family(
        f"param.{name}.unsupported", f"`{top}`, which is not supported.", unsupported(top), row=top
    )


for _top in NAMES:
    _declare(_top)
# It is required, and every other request shows what is done with the right one.
family("param.model.type", "`model` of another type.", types("model"), row="model")


# Fields that are no parameters, and parameters that only one vendor has


def _unknown_fields(profile: Profile, target: Target) -> Iterator[Case]:
    smallest = {k: v for k, v in around("seed", 7).items() if k != "seed"}
    options: dict[str, JSON] = {"include_usage": True, UNKNOWN_FIELD: True}
    for name, body in (
        ("top-level", {**smallest, UNKNOWN_FIELD: "x"}),
        ("nested", around("stream_options", options)),
    ):
        found = standing_of(body, UNKNOWN_FIELD, profile, target)
        if len(found.departures) == 1 and found.departures[0].way is Way.UNKNOWN_FIELD:
            free = found.departures[0].policy.rejects
            yield Case(name, body, Suite.CORE, 12, free=free)


family(
    "param.unknown-field.unsupported",
    "A field that no API knows.",
    _unknown_fields,
    row=lambda case: UNKNOWN_ROWS.get(case, "unknown field"),
)


def _of_vendor(make: Callable[[str], Cases]) -> Cases:
    """The cases of all parameters that only this vendor has."""

    def cases(profile: Profile, target: Target) -> Iterator[Case]:
        for name in vendor_names(profile):
            for case in make(name)(profile, target):
                yield replace(case, name=f"{slug(name)}-{case.name}")

    return cases


family("param.vendor.value", "The vendor's own parameters with allowed values.", _of_vendor(values))
family(
    "param.vendor.range", "The vendor's own parameters outside their ranges.", _of_vendor(ranges)
)
family("param.vendor.type", "The vendor's own parameters of another type.", _of_vendor(types))
