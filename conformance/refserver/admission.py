"""Who may ask: the key of a request, compared with the server's."""

from __future__ import annotations

from hmac import compare_digest

from conformance.model.profile import Cause, Profile
from conformance.refserver.exchange import IncomingRequest
from conformance.refserver.mistakes import Mistake


def not_admitted(request: IncomingRequest, profile: Profile, key: str | None) -> Mistake | None:
    """What is wrong with the credentials; nothing, where no key was configured or none is needed."""
    if key is None or profile.endpoint.auth.required is False:
        return None
    header = request.header("authorization")
    if header is None:
        message = "You didn't provide an API key. Send it as Authorization: Bearer YOUR_KEY."
        return Mistake(message, Cause.NO_KEY, status=401)
    scheme, _, sent = header.strip().partition(" ")
    sent = sent.strip()
    if scheme.lower() != "bearer" or not sent or " " in sent:
        message = "The Authorization header must read Bearer YOUR_KEY."
        return Mistake(message, Cause.MALFORMED_KEY, status=401)
    if not compare_digest(sent.encode(errors="replace"), key.encode()):
        # The key is not repeated, not even masked.
        message = "Incorrect API key provided."
        return Mistake(message, Cause.WRONG_KEY, code="invalid_api_key", status=401)
    return None
