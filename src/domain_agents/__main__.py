"""The `domain-agents` command.

Serving over stdio, standard output is the wire: one stray `print` of a library or a child process breaks the client.
So the real standard output is taken away before anything else of ours is imported. Nothing here may import more than
the interpreter has loaded anyway; every millisecond is paid at each start of an editor.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from domain_agents.cli.serve import ServeOptions
    from domain_agents.front.wire import Wire
    from domain_agents.tools import Settings

_ASKS = ("-h", "--help", "--version")


def main() -> int:
    """Run the command that the process's arguments name, and give its exit code."""
    words = sys.argv[1:]
    if not serves_stdio(words):
        from domain_agents.cli import main as run_command

        return run_command(words, serve=_serve)
    if os.isatty(0):
        sys.stderr.write(
            "domain-agents: waiting for an MCP client on this terminal; for people: domain-agents --help\n"
        )
    descriptors = _keep_wire()
    if descriptors is None:
        sys.stderr.write("domain-agents: standard input or output is closed, so no client can be served\n")
        return 2
    from domain_agents.front import serve
    from domain_agents.front.options import read_options
    from domain_agents.front.wire import Wire

    wire = Wire(*descriptors)
    plain = read_options(words)
    if plain is not None:
        return serve(plain, wire)
    from domain_agents.cli import main as run_command

    def serve_here(options: "ServeOptions", settings: "Settings") -> int:
        return _serve(options, settings, wire)

    return run_command(words, serve=serve_here)


def serves_stdio(words: list[str]) -> bool:
    """Whether these words make standard output the wire. A word it does not know is left to the command line."""
    named = ""
    skip = False
    for place, word in enumerate(words):
        if skip:
            skip = False
        elif word in _ASKS:
            return False
        elif word in ("--project", "--log", "--transport", "--host", "--port", "--token-env", "--workers"):
            skip = True
            if word == "--transport" and words[place + 1 : place + 2] != ["stdio"]:
                return False
        elif word.startswith("--transport="):
            if word != "--transport=stdio":
                return False
        elif not named and not word.startswith("-") and not _in_agents(words, place):
            named = word
    return named in ("", "serve")


def _in_agents(words: list[str], place: int) -> bool:
    """Whether this word is one of the directories after `--agents`, which takes as many as follow."""
    back = place - 1
    while back >= 0 and not words[back].startswith("-"):
        back -= 1
    return back >= 0 and words[back] == "--agents" and (words[place] != "serve" or back == place - 1)


def _keep_wire() -> tuple[int, int] | None:
    """Private descriptors of the real standard input and output, which then lead to nothing and to standard error.

    Children inherit neither: what they print goes to standard error, and they cannot read the client's frames.
    """
    try:
        reading, writing = os.dup(0), os.dup(1)
    except OSError:
        return None
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        os.dup2(2, 1)
    except OSError:  # standard error is closed
        os.dup2(nothing, 1)
    os.dup2(nothing, 0)
    os.close(nothing)
    if sys.stderr is not None:
        sys.stdout = sys.stderr
    return reading, writing


def _serve(options: "ServeOptions", settings: "Settings", wire: "Wire | None" = None) -> int:
    """What the command line calls to serve: HTTP and SSE, and stdio when its words needed the full parser."""
    if options.transport == "stdio":
        from domain_agents.front import serve
        from domain_agents.front.options import options_of
        from domain_agents.front.wire import Wire

        descriptors = _keep_wire() if wire is None else None
        if descriptors is not None:
            wire = Wire(*descriptors)
        if wire is None:
            return 2
        return serve(options_of(options, settings), wire)
    from domain_agents.server.http import CannotServe, serve_http

    try:
        serve_http(
            settings,
            options.host,
            options.port,
            options.token_env or None,
            options.workers,
            options.transport == "sse",
            log=options.log,
        )
    except CannotServe as error:
        sys.stderr.write(f"domain-agents: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
