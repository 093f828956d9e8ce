-- Migration 0002: create tags
-- Date: 2026-03-20
-- Engine: SQLite 3.40
-- Purpose: a note can carry any number of tags.
-- Affected rows: none, the table is new.
-- Expected duration: milliseconds.
-- Lock impact: the database is locked for writers, for milliseconds.
-- Free-space cost: none.
-- Dependencies: must run after 0001.
-- Undo plan: a new migration that drops tags; loses every tag.

CREATE TABLE tags (
    note_id INTEGER NOT NULL REFERENCES notes (id) ON DELETE CASCADE,
    tag TEXT NOT NULL,
    PRIMARY KEY (note_id, tag)
);

INSERT INTO schema_migrations (name, applied_at) VALUES ('0002_create_tags', CURRENT_TIMESTAMP);
