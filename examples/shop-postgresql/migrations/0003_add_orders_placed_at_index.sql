-- Migration 0003: add an index on orders.placed_at
-- Date: 2026-05-19
-- Engine: PostgreSQL 18
-- Purpose: the daily report reads one day of orders and scanned all of them.
-- Affected rows: none changed; about 900,000 read.
-- Expected duration: 1 to 5 seconds.
-- Lock impact: SHARE UPDATE EXCLUSIVE on orders; reads and writes go on.
-- Free-space cost: about 20 MB for the index.
-- Dependencies: must run after 0002, and outside a transaction.
-- Undo plan: a new migration with DROP INDEX CONCURRENTLY orders_placed_at_idx; loses no data.

CREATE INDEX CONCURRENTLY orders_placed_at_idx ON orders (placed_at);

INSERT INTO schema_migrations (name, applied_at) VALUES ('0003_add_orders_placed_at_index', CURRENT_TIMESTAMP);
