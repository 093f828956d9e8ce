-- Migration 0002: create orders
-- Date: 2026-02-03
-- Engine: PostgreSQL 18
-- Purpose: what a customer bought, and for how much.
-- Affected rows: none, the table is new.
-- Expected duration: milliseconds.
-- Lock impact: SHARE ROW EXCLUSIVE on users for the foreign key, for milliseconds.
-- Free-space cost: none.
-- Dependencies: must run after 0001.
-- Undo plan: a new migration that drops orders; loses every order.

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    status text NOT NULL DEFAULT 'new',
    total_cents bigint NOT NULL CHECK (total_cents >= 0),
    placed_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX orders_user_id_idx ON orders (user_id);

INSERT INTO schema_migrations (name, applied_at) VALUES ('0002_create_orders', CURRENT_TIMESTAMP);
