"""Requests without a valid key."""

from __future__ import annotations

import base64

from conformance.model.json import JSON
from conformance.model.plan import Stage
from conformance.model.request import Credentials, Headers, Operation

from .registry import LIMIT, Probe, minimal, probe

WRONG_KEY = "sk-conformance-wrong-key-0000000000"
_BASIC = base64.b64encode(b"conformance:wrong-password").decode()
_WRONG: Headers = (("Authorization", f"Bearer {WRONG_KEY}"),)


def _keyless(
    name: str,
    title: str,
    *,
    headers: Headers = (),
    smoke: bool = False,
    stream: bool = False,
    models: bool = False,
) -> None:
    body: dict[str, JSON] = {**minimal(**({"stream": True} if stream else {})), LIMIT: 1}
    probe(
        Probe(
            f"auth.{name}",
            title,
            "GET" if models else "POST",
            Operation.MODELS if models else Operation.CHAT,
            None if models else body,
            headers=headers,
            credentials=Credentials.MADE_UP if headers else Credentials.NONE,
            stage=Stage.FREE,
            smoke=smoke,
        )
    )


def _altered(name: str, title: str, credentials: Credentials) -> None:
    probe(
        Probe(
            f"auth.{name}",
            title,
            "POST",
            Operation.CHAT,
            {**minimal(), LIMIT: 1},
            credentials=credentials,
            stage=Stage.FREE,
        )
    )


_keyless("no-key", "No Authorization header.", smoke=True)
_keyless("wrong-key", "A key that does not exist.", headers=_WRONG, smoke=True)
_altered("key-longer", "The key with a letter added.", Credentials.KEY_LONGER)
_altered("key-shorter", "The key without its last letter.", Credentials.KEY_SHORTER)
_keyless(
    "wrong-scheme",
    "Another scheme than Bearer: Basic, with a password that does not exist.",
    headers=(("Authorization", f"Basic {_BASIC}"),),
)
_keyless("empty-key", "Bearer without a key.", headers=(("Authorization", "Bearer"),))
_keyless("stream.no-key", "A stream without a key.", stream=True)
_keyless("stream.wrong-key", "A stream with a wrong key.", headers=_WRONG, stream=True)
_keyless("models.no-key", "The model list without a key.", models=True)
_keyless("models.wrong-key", "The model list with a wrong key.", headers=_WRONG, models=True)
