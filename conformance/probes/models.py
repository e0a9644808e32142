"""The model list and single models."""

from __future__ import annotations

from conformance.model.plan import Stage
from conformance.model.request import Operation

from .registry import Probe, probe

probe(
    Probe("models.list", "List the models.", "GET", Operation.MODELS, stage=Stage.PILOT, smoke=True)
)
probe(
    Probe(
        "models.retrieve",
        "Retrieve the configured model.",
        "GET",
        Operation.MODEL,
        stage=Stage.FREE,
    )
)
probe(
    Probe(
        "models.retrieve.unknown",
        "Retrieve a model that does not exist.",
        "GET",
        Operation.MODEL,
        stage=Stage.FREE,
    )
)
