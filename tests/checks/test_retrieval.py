"""The checks of listed models that are retrieved alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.model.exchange import Exchange
from conformance.model.finding import Outcome
from conformance.model.request import Credentials, Operation, Request
from conformance.probes.registry import all_probes, continued, steps_of
from tests.builders import (
    BASE,
    GONE,
    NOTE,
    TARGET,
    WARN,
    Case,
    a_list,
    a_model,
    an_error,
    an_exchange,
    breaks,
    finding,
    holds,
    idle,
    models_named,
    not_sent,
    request_of,
    verify,
    with_paths,
)

LIST, OWN = "models.list", "models.retrieve"
OTHER, SLASH, RAW = "models.retrieve.listed", "models.retrieve.slash", "models.retrieve.slash-raw"
LISTED, SLASHED, USABLE = "models.retrieve-listed", "models.retrieve-slash", "models.ids-usable"


def listed(*ids: str) -> Exchange:
    """A list of models with these ids."""
    return an_exchange(LIST, json=a_list(*models_named(*ids)))


def retrieved(**changes: object) -> tuple[Exchange, ...]:
    """The list, the model in use, and another that is changed."""
    other = an_exchange(OTHER, json=a_model(id="small", **changes))
    return listed("tiny", "small"), an_exchange(OWN), other


def refused(probe: str, status: int = 404) -> Exchange:
    """A model that is not found."""
    return an_exchange(probe, status=status, json=an_error())


def unsent(probe: str) -> Exchange:
    """A request for a model of the list where the list names none that would do: its place is taken by the list's."""
    return replace(
        not_sent(probe, "after models.list: it names no such model"),
        request=request_of("models.list"),
    )


def nested(probe: str) -> Exchange:
    """A model whose id has a slash, not found."""
    request = Request("GET", "/v1/models/a%2Fb", Operation.MODEL, (), None, Credentials.KEY)
    return an_exchange(probe, request=request, status=404, json=an_error())


CASES = [
    holds(LISTED, "as listed", *retrieved()),
    holds(LISTED, "a limit", *retrieved()[:2], refused(OTHER, 429)),
    holds(LISTED, "none can be retrieved", listed("tiny", "small"), refused(OWN), refused(OTHER), also=("models.retrieve",)),
    breaks(LISTED, "only the model in use", *retrieved()[:2], refused(OTHER), at="status", actual="404", outcome=WARN),
    breaks(LISTED, "another model", *retrieved()[:2], an_exchange(OTHER, json=a_model()), at="/id", actual="'tiny'", outcome=WARN),
    breaks(LISTED, "younger than listed", *retrieved(created=5), at="/created", actual="5", outcome=WARN),
    breaks(LISTED, "another owner", *retrieved(owned_by="me"), at="/owned_by", outcome=NOTE),
    holds(SLASHED, "both forms", an_exchange(OWN), an_exchange(SLASH), an_exchange(RAW)),
    holds(SLASHED, "none can be retrieved", refused(OWN, 405), refused(SLASH, 405), refused(RAW, 405), also=("models.retrieve",)),
    breaks(SLASHED, "not encoded", an_exchange(OWN), refused(SLASH), an_exchange(RAW), at="status", actual="404", outcome=WARN),
    breaks(SLASHED, "not as it is", an_exchange(OWN), an_exchange(SLASH), refused(RAW), at="status", outcome=NOTE),
    holds(SLASHED, "none can be retrieved, whose own id has a slash", nested(OWN), nested(SLASH), nested(RAW), also=("models.retrieve",)),
    idle(SLASHED, "no id has a slash", an_exchange("models.list"), an_exchange(OWN), unsent(SLASH), unsent(RAW), outcome=Outcome.INCONCLUSIVE),
    breaks(SLASHED, "in use, but not listed", listed("tiny"), an_exchange(OWN), nested(SLASH), an_exchange(RAW), at="status", actual="404", outcome=WARN),
    breaks(SLASHED, "half of the id", an_exchange(OWN), an_exchange(SLASH, json=a_model(id="large")), an_exchange(RAW), at="/id", actual="'large'", outcome=WARN),
    holds(USABLE, "slashes, colons and dots", listed("acme/large-3.1", "ft:tiny:org::x", "modèle")),
    holds(USABLE, "no id at all", an_exchange(LIST, json=a_list(a_model(), a_model(id=GONE))), also=("models.entry",)),
    breaks(USABLE, "none and space", listed("tiny", "", " small "), at=("/data/*/id", "/data/*/id"), actual="''", outcome=WARN),
    breaks(USABLE, "a line end", listed("tiny\nx"), at="/data/*/id", outcome=WARN),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_retrieval(case: Case) -> None:
    """The check gives the verdict of the row, and no other check joins in."""
    verify(case)


def path_after(probe: str, *ids: str) -> str:
    """The path that is asked for after such a list, or why there is none."""
    step = steps_of(all_probes()[probe], TARGET, BASE)[0]
    made = continued(step, {LIST: listed(*ids)}, TARGET, BASE)
    return made if isinstance(made, str) else made.path


@pytest.mark.parametrize(
    ("probe", "ids", "path"),
    [
        (OTHER, ("tiny", "zeta", "beta"), "/v1/models/beta"),
        (OTHER, ("tiny", "beta", "zeta.1"), "/v1/models/zeta.1"),
        (OTHER, ("tiny", "beta.1", "ft:x::y"), "/v1/models/ft:x::y"),
        (OTHER, ("tiny", "beta", "café one"), "/v1/models/caf%C3%A9%20one"),
        (OTHER, ("tiny", "a/b", "beta"), "/v1/models/beta"),
        (SLASH, ("tiny", "a/b"), "/v1/models/a%2Fb"),
        (RAW, ("tiny", "a/b"), "/v1/models/a/b"),
        (OTHER, ("tiny",), "after models.list: it names no such model"),
        (SLASH, ("tiny", "beta"), "after models.list: it names no such model"),
    ],
    ids=["first by name", "a dot", "a colon", "not ASCII", "no slash", "encoded", "raw", "alone", "no id with a slash"],
)  # fmt: skip
def test_a_model_is_chosen_by_its_id(probe: str, ids: tuple[str, ...], path: str) -> None:
    """The same list gives the same model, the one whose id is hardest to write."""
    assert path == path_after(probe, *ids)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [(("a/b",), "200: it is listed"), (("tiny",), "200: it is the model in use"), ((), "200: it is the model in use")],
    ids=["listed", "others are listed", "nothing is listed"],
)  # fmt: skip
def test_only_what_is_listed_is_said_to_be(ids: tuple[str, ...], expected: str) -> None:
    """A model that is asked for because it is in use is not called listed."""
    found = finding(SLASHED, listed(*ids), an_exchange(OWN), nested(SLASH), nested(RAW))

    assert [expected, expected] == [p.expected for p in found.problems]


def test_without_single_models_nothing_is_asked() -> None:
    """A profile without single models rules the checks out."""
    found = finding(LISTED, *retrieved(), profile=with_paths(model=()))

    assert Outcome.SKIP is found.outcome
