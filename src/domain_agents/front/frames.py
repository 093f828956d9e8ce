"""Which frames of a client can be answered before the SDK is loaded.

Only what is plain: known methods with the parameters every client sends. Whatever else comes, odd or merely unknown,
is kept in order for the SDK, so that there is one judge of what is right. The rules below are narrower than the SDK's:
they never accept what it would refuse (a property test sends both the same frames).
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

try:
    from _json import make_scanner  # the accelerator of `json`; without that package's `re` it loads in no time
except ImportError:  # another implementation of Python
    from json.scanner import make_scanner  # type: ignore[assignment,unused-ignore]  # the same function in Python

HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN_VERSION = "2026-07-28"
LISTS = ("tools/list", "prompts/list", "resources/list", "resources/templates/list", "skills/list")
HANDSHAKE_METHODS = ("initialize", "ping", *LISTS)
MODERN_METHODS = ("server/discover", *LISTS)

_PREFIX = "io.modelcontextprotocol/"
_VERSION_KEY = _PREFIX + "protocolVersion"
_CAPABILITIES_KEY = _PREFIX + "clientCapabilities"
_INFO_KEY = _PREFIX + "clientInfo"
_FRAME_KEYS = {"jsonrpc", "id", "method", "params"}
_LARGEST_INTEGER = 2**53
_LONGEST_ID = 200
_MAX_DEPTH = 12


class _Doubt(ValueError):
    """Something that JSON readers do not agree on."""


def _object(pairs: "list[tuple[str, Any]]") -> "dict[str, Any]":
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Doubt("a key twice")
    return made


def _constant(name: str) -> "Any":
    raise _Doubt(name)


class _Rules:
    """How the scanner reads, in the shape it asks for."""

    strict = True
    object_hook = None
    object_pairs_hook = staticmethod(_object)
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_constant)
    memo: "dict[str, str]" = {}  # noqa: RUF012 - the scanner empties it after each text


_scan = make_scanner(_Rules())  # type: ignore[arg-type]  # typeshed takes the scanner's context for a scanner


def read_frame(line: bytes) -> "dict[str, Any] | None":
    """The JSON object of a line, or None when it is not plainly one."""
    try:
        text = line.decode().strip(" \t\r\n")
        value, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return None
    if end != len(text) or type(value) is not dict:
        return None
    frame: dict[str, Any] = value
    return frame


class Conversation:
    """One client's conversation, up to the moment the SDK takes it over.

    `result` gives the text of the result for a method at a protocol version, or None when only the SDK can tell.
    `kept` holds the frames for the SDK in the order they came; one marked True has been answered already, and goes to
    the SDK only so that it knows what was agreed on.
    """

    __slots__ = ("_gave_up", "_open", "_opened", "_result", "_version", "kept", "needs_sdk")

    def __init__(self, result: "Callable[[str, str], bytes | None]") -> None:
        self._result = result
        self._version = ""  # "ping": a handshake client that has only pinged so far
        self._gave_up = False
        self._opened = False
        self._open: set[int | str] = set()
        self.kept: list[tuple[bytes, bool]] = []
        self.needs_sdk = False

    def answer(self, line: bytes) -> bytes | None:
        """The answer to a frame with its line end, or None when there is none or it is not ours to give."""
        if not line.strip(b" \t\r\n"):
            return None
        frame = None if self._gave_up else read_frame(line)
        if frame is None or not self._is_plain(frame):
            self.keep_for_sdk(line, in_doubt=True)
            return None
        if "id" not in frame:
            self.kept.append((line, False))
            return None
        method, identifier = frame["method"], frame["id"]
        result = None if b"\\" in line else self._settled(method, frame)
        if result is None:
            self._open.add(_same_id(identifier))
            self.keep_for_sdk(line, in_doubt=not self._version or method == "initialize")
            return None
        if method == "initialize" or not self._opened:
            self._opened = True  # the SDK tells the protocol's era by the first request it sees
            self.kept.append((line, True))
        shown = f'"{identifier}"' if type(identifier) is str else str(identifier)
        return b'{"jsonrpc":"2.0","id":' + shown.encode() + b',"result":' + result + b"}\n"

    def _is_plain(self, frame: "dict[str, Any]") -> bool:
        """Whether this is a request or a notification as every client writes it, of an id that is not in use."""
        if not _FRAME_KEYS.issuperset(frame) or frame.get("jsonrpc") != "2.0" or type(frame.get("method")) is not str:
            return False
        return "id" not in frame or (_is_plain_id(frame["id"]) and _same_id(frame["id"]) not in self._open)

    def keep_for_sdk(self, line: bytes, *, in_doubt: bool) -> None:
        """This frame is the SDK's to answer, and in doubt so are all that follow."""
        self.kept.append((line, False))
        self.needs_sdk = True
        self._gave_up = self._gave_up or in_doubt

    def _settled(self, method: str, frame: "dict[str, Any]") -> bytes | None:
        """The result, with what the frame settles about the conversation noted."""
        params = frame.get("params", {})
        if type(params) is not dict:
            return None
        if method == "initialize":
            version = params.get("protocolVersion")
            if self._version not in ("", "ping") or version not in HANDSHAKE_VERSIONS or not _fits(params, _INITIALIZE):
                return None
        elif method == "ping":
            version = self._version or "ping"
            if version == MODERN_VERSION or not _fits(params, _PLAIN):
                return None
        elif _has_envelope(params):
            version = MODERN_VERSION
            if self._version not in ("", version) or method not in MODERN_METHODS or not _fits(params, _ENVELOPE):
                return None
        else:
            version = self._version
            if version not in HANDSHAKE_VERSIONS or method not in LISTS or not _fits(params, _PLAIN):
                return None
        result = self._result(method, HANDSHAKE_VERSIONS[-1] if version == "ping" else version)
        if result is not None:
            self._version = version
        return result


def _is_plain_id(value: object) -> bool:
    if type(value) is int:
        return -_LARGEST_INTEGER < value < _LARGEST_INTEGER
    return (
        type(value) is str
        and len(value) <= _LONGEST_ID
        and value.isascii()
        and value.isprintable()
        and '"' not in value
    )


def _same_id(value: "Any") -> int | str:
    """The SDK takes 7 and "7" for the same request."""
    try:
        return int(value)
    except ValueError:
        return str(value)


def _has_envelope(params: "dict[str, Any]") -> bool:
    meta = params.get("_meta")
    return isinstance(meta, dict) and _VERSION_KEY in meta


def _fits(value: "Any", shape: "Any") -> bool:
    """Whether a value has a shape: a dict of fields (those with `!` must be there), a list of one shape, or a check."""
    if type(shape) is dict:
        if type(value) is not dict:
            return False
        required = 0
        for name, given in value.items():
            if name in shape:
                inner = shape[name]
            elif name + "!" in shape:
                inner = shape[name + "!"]
                required += 1
            else:
                return False
            if not _fits(given, inner):
                return False
        return bool(required == sum(name.endswith("!") for name in shape))
    if type(shape) is list:
        return type(value) is list and all(_fits(item, shape[0]) for item in value)
    return bool(shape(value))


def _text(value: object) -> bool:
    return type(value) is str


def _truth(value: object) -> bool:
    return type(value) is bool


def _token(value: object) -> bool:
    return type(value) is str or (type(value) is int and -_LARGEST_INTEGER < value < _LARGEST_INTEGER)


def _level(value: object) -> bool:
    return value in ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")


def _settings(value: object) -> bool:
    return type(value) is dict and _plain(value, 0)


def _named_settings(value: object) -> bool:
    return type(value) is dict and all(map(_settings, value.values()))


def _modern(value: object) -> bool:
    return value == MODERN_VERSION


def _plain(value: object, depth: int) -> bool:
    """A value that every JSON reader reads the same way."""
    if value is None or type(value) in (str, bool):
        return True
    if type(value) is int:
        return -_LARGEST_INTEGER < value < _LARGEST_INTEGER
    if depth > _MAX_DEPTH:
        return False
    if type(value) is dict:
        return all(_plain(item, depth + 1) for item in value.values())
    return type(value) is list and all(_plain(item, depth + 1) for item in value)


_ICON = {"src!": _text, "mimeType": _text, "sizes": [_text], "theme": ("light", "dark").__contains__}
_IMPLEMENTATION = {
    "name!": _text,
    "version!": _text,
    "title": _text,
    "description": _text,
    "websiteUrl": _text,
    "icons": [_ICON],
}
_TASKS = {
    "list": _settings,
    "cancel": _settings,
    "requests": {
        "sampling": {"createMessage": _settings},
        "elicitation": {"create": _settings},
    },
}
_CAPABILITIES = {
    "roots": {"listChanged": _truth},
    "sampling": {"context": _settings, "tools": _settings},
    "elicitation": {"form": _settings, "url": _settings},
    "experimental": _named_settings,
    "extensions": _named_settings,
    "tasks": _TASKS,
}
_PLAIN = {"_meta": {"progressToken": _token}}
_INITIALIZE = {
    "protocolVersion!": _text,
    "capabilities!": _CAPABILITIES,
    "clientInfo!": _IMPLEMENTATION,
    "_meta": {"progressToken": _token},
}
_ENVELOPE = {
    "_meta!": {
        _VERSION_KEY + "!": _modern,
        _CAPABILITIES_KEY + "!": _CAPABILITIES,
        _INFO_KEY: _IMPLEMENTATION,
        _PREFIX + "logLevel": _level,
        "progressToken": _token,
    }
}
