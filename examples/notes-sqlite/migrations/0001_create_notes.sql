-- Migration 0001: create notes
-- Date: 2026-03-01
-- Engine: SQLite 3.40
-- Purpose: one row for each note, in a notebook.
-- Affected rows: none, the tables are new.
-- Expected duration: milliseconds.
-- Lock impact: none, nobody uses the tables yet.
-- Free-space cost: none.
-- Dependencies: none.
-- Undo plan: a new migration that drops notes and notebooks; loses every note.

CREATE TABLE schema_migrations (
    name TEXT PRIMARY KEY,
    applied_at TEXT NOT NULL
);

CREATE TABLE notebooks (
    id INTEGER PRIMARY KEY,
    title TEXT NOT NULL
);

CREATE TABLE notes (
    id INTEGER PRIMARY KEY,
    notebook_id INTEGER NOT NULL REFERENCES notebooks (id),
    title TEXT NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX notes_notebook_id_idx ON notes (notebook_id);

INSERT INTO schema_migrations (name, applied_at) VALUES ('0001_create_notes', CURRENT_TIMESTAMP);
