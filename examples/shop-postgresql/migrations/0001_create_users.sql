-- Migration 0001: create users
-- Date: 2026-02-03
-- Engine: PostgreSQL 18
-- Purpose: customers who can sign in and order.
-- Affected rows: none, the tables are new.
-- Expected duration: milliseconds.
-- Lock impact: none, nobody uses the tables yet.
-- Free-space cost: none.
-- Dependencies: none.
-- Undo plan: a new migration that drops users; loses every customer.

CREATE TABLE schema_migrations (
    name text PRIMARY KEY,
    applied_at timestamptz NOT NULL
);

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    country text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

INSERT INTO schema_migrations (name, applied_at) VALUES ('0001_create_users', CURRENT_TIMESTAMP);
