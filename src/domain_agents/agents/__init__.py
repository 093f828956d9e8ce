"""Agents: markdown files with frontmatter, read from several places into one catalogue.

Nothing is imported here: `agents.sources` must stay importable without pydantic and yaml, for the fast start.
"""
