"""What stands in front of every HTTP request: Host and Origin, the token, and how much one server takes on at once."""

from __future__ import annotations

import hmac
import logging
import socket
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import anyio
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ANY_ADDRESS = ("0.0.0.0", "::", "")  # noqa: S104 - recognised here, in order to be guarded
HEALTH_PATH = "/health"
MAX_IN_FLIGHT = 512
BODY_SECONDS = 30.0
"""A client that takes longer to send its request's body is not one we wait for."""

logger = logging.getLogger(__name__)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server bound to that host."""
    bare = host.strip("[]").lower()
    return bare in LOOPBACK or bare.startswith("127.")


def allowed_hosts(host: str, added: tuple[str, ...]) -> frozenset[str]:
    """The names by which a server bound to `host` may be addressed: its own, this machine's, and those added."""
    names = {*LOOPBACK, *(name.strip().strip("[]").lower() for name in added if name.strip())}
    if host not in ANY_ADDRESS:
        return frozenset({*names, host.strip("[]").lower()})
    machine = socket.gethostname().lower()
    names |= {machine, machine.partition(".")[0]}
    try:
        names |= {str(found[4][0]).partition("%")[0].lower() for found in socket.getaddrinfo(machine, None)}
    except OSError:
        logger.debug("this machine's own name does not resolve")
    return frozenset(names)


def host_of(authority: str) -> str:
    """The host in `host`, `host:port` or `[v6]:port`, in lower case; "" for what is none of these."""
    text = authority.strip().lower()
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        return host if bracket and (not rest or _is_port(rest)) else ""
    host, colon, _ = text.partition(":")
    if colon and not _is_port(text[len(host) :]):
        return ""
    return "" if any(character in host for character in "/@?# \\") else host


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isascii() and text[1:].isdigit() and len(text) <= 6


def origin_host(origin: str) -> str:
    """The host of an Origin header; "" for `null` and whatever is not http or https."""
    scheme, separator, authority = origin.strip().partition("://")
    return host_of(authority) if separator and scheme.lower() in ("http", "https") else ""


@dataclass(frozen=True, slots=True)
class Token:
    """The bearer token that is expected, held as a digest so that no log and no dump can show it."""

    digest: bytes

    @classmethod
    def of(cls, secret: str) -> Token:
        """The token with this text."""
        return cls(sha256(secret.encode()).digest())

    def admits(self, authorization: str | None) -> bool:
        """Whether the header carries it. The time taken says nothing about the token."""
        scheme, _, given = (authorization or "").partition(" ")
        matches = hmac.compare_digest(sha256(given.strip().encode("utf-8", "surrogateescape")).digest(), self.digest)
        return scheme.lower() == "bearer" and matches


class Gate:
    """ASGI: lets a request through to the application when it may be there, and counts those that are.

    `/health` is answered before any check and says only that the process answers.
    """

    def __init__(
        self, app: ASGIApp, hosts: frozenset[str], token: Token | None, *, max_in_flight: int = MAX_IN_FLIGHT
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token
        self._max_in_flight = max_in_flight
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, refuse, or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._answer_at_once(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self._in_flight += 1
        try:
            await self._app(scope, _hurried(receive), send)
        finally:
            self._in_flight -= 1

    def _answer_at_once(self, scope: Scope) -> Response | None:
        if scope["path"] == HEALTH_PATH:
            return JSONResponse({"status": "ok"})
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1 or host_of(headers["host"]) not in self._hosts:
            return _refusal(421, "This server is not addressed by that Host; DOMAIN_AGENTS_HTTP_HOSTS adds names.")
        origin = headers.get("origin")
        if origin is not None and origin_host(origin) not in self._hosts:
            return _refusal(403, "Requests from that Origin are not served; DOMAIN_AGENTS_HTTP_HOSTS adds names.")
        if self._token is not None and not self._token.admits(headers.get("authorization")):
            return _unauthorized(sent=headers.get("authorization") is not None)
        if self._in_flight >= self._max_in_flight:
            return _refusal(503, "Too many requests at once; try again.", {"Retry-After": "1"})
        return None


def _unauthorized(*, sent: bool) -> Response:
    challenge = 'Bearer realm="domain-agents"' + (', error="invalid_token"' if sent else "")
    return _refusal(401, "A valid bearer token is needed.", {"WWW-Authenticate": challenge})


def _refusal(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    body = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": text}}
    return JSONResponse(body, status_code=status, headers=headers)


def _hurried(receive: Receive) -> Receive:
    """The request's messages; one whose body does not arrive in time looks like one whose client has left."""
    is_complete = False

    async def next_message() -> Message:
        nonlocal is_complete
        if is_complete:
            return await receive()
        message: Message = {"type": "http.disconnect"}
        with anyio.move_on_after(BODY_SECONDS):
            message = await receive()
        is_complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message

    return next_message
