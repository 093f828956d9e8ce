"""The command line, over the same tool functions as the server.

A command is a module of its own name with `describe` (its arguments) and `run`. Only the one that was asked for is
imported. No code stands here: a module named `list` becomes a name of this package once it is imported.
"""

from domain_agents.cli.program import main

__all__ = ["main"]
