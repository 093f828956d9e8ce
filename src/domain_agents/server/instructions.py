"""What a model is told about this server before anything else. Clients cut it at 2,048 characters."""

INSTRUCTIONS = """\
domain-agents gives you three specialists that prove what they write by running it: migration-writer (change a \
database that is in use), schema-designer (tables, keys, indexes), ml-pipeline-architect (machine-learning systems).

How to use it:
1. Start with the specialist's own tool: migration_writer, schema_designer or ml_pipeline_architect, with the user's \
request as `task`. It returns the specialist's instructions for this task, what was recognised in the project with \
the evidence, and which tool to call next with which arguments. Not sure who fits? Call find_agent with the request. \
get_agent returns any agent by name, also the user's own.
2. For a change to a database call plan_migration: write the change as plain DDL in `sql`, as if nobody else used the \
database, and say how big the tables are in `tables`. It returns numbered migration files, the deploys between them, \
locks, durations, undo and checks. It writes files only with `write: true`.
3. Call prove_migration before you show a plan as finished: it runs the files on a throw-away server under load and \
reports the locks really taken. Never point it at a production database.

Rules: engine, version and framework are recognised from the project; name them only when that fails or is wrong. \
An error names the argument, what was wrong and what would be right: correct the call and repeat it. Show findings and \
warnings to the user, do not hide them. Long results say how to page them.
"""
