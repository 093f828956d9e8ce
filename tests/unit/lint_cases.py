"""Migrations as people write them: those that a careful engineer would let through, and those that must not pass.

Each is an engine, the tables that are there, and a file; the dangerous ones with the rules that must say so.
"""

from __future__ import annotations

from typing import Final

TABLES: Final = (
    "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(50), name varchar(50) NOT NULL DEFAULT 'x', age integer,"
    " made timestamp NULL);"
    " CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, total integer, state varchar(20));"
    " CREATE INDEX orders_user ON orders (user_id); CREATE INDEX users_email ON users (email);"
)
GUARD: Final = "SET lock_timeout = '2s';\n"
WAIT: Final = "SET SESSION lock_wait_timeout = 2;\n"

SAFE: Final[tuple[tuple[str, str], ...]] = (
    ("postgresql", GUARD + "ALTER TABLE users ADD COLUMN nickname text;"),
    ("postgresql", GUARD + "ALTER TABLE users ADD COLUMN active boolean NOT NULL DEFAULT true;"),
    ("postgresql", GUARD + "ALTER TABLE users ADD COLUMN seen timestamptz DEFAULT now();"),
    ("postgresql", "CREATE INDEX CONCURRENTLY users_age ON users (age);"),
    ("postgresql", "SET lock_timeout = 0;\nSET statement_timeout = 0;\nDROP INDEX CONCURRENTLY IF EXISTS users_age;\n"
     "CREATE INDEX CONCURRENTLY users_age ON users (age);"),
    ("postgresql", "DROP INDEX CONCURRENTLY users_email;"),
    ("postgresql", "CREATE UNIQUE INDEX CONCURRENTLY users_mail ON users (email);\n" + GUARD
     + "ALTER TABLE users ADD CONSTRAINT users_mail UNIQUE USING INDEX users_mail;"),
    ("postgresql", GUARD + "BEGIN;\nALTER TABLE orders ADD CONSTRAINT orders_users FOREIGN KEY (user_id) REFERENCES users (id)"
     " NOT VALID;\nCOMMIT;\nALTER TABLE orders VALIDATE CONSTRAINT orders_users;"),
    ("postgresql", GUARD + "ALTER TABLE orders ADD CONSTRAINT total_is_one CHECK (total >= 0) NOT VALID;\n"
     "ALTER TABLE orders VALIDATE CONSTRAINT total_is_one;"),
    ("postgresql", GUARD + "ALTER TABLE users ADD CONSTRAINT mail_there CHECK (email IS NOT NULL) NOT VALID;\n"
     "ALTER TABLE users VALIDATE CONSTRAINT mail_there;\nALTER TABLE users ALTER COLUMN email SET NOT NULL;\n"
     "ALTER TABLE users DROP CONSTRAINT mail_there;"),
    ("postgresql", GUARD + "ALTER TABLE users ALTER COLUMN email TYPE varchar(100);"),
    ("postgresql", GUARD + "ALTER TABLE users ALTER COLUMN email TYPE text;"),
    ("postgresql", GUARD + "ALTER TABLE users ALTER COLUMN name DROP NOT NULL;"),
    ("postgresql", GUARD + "ALTER TABLE users ALTER COLUMN age SET DEFAULT 0;"),
    ("postgresql", "BEGIN;\nCREATE TABLE invoices (id bigint PRIMARY KEY, order_id bigint REFERENCES orders (id));\n"
     "CREATE INDEX invoices_order ON invoices (order_id);\nINSERT INTO invoices VALUES (1, NULL);\nCOMMIT;"),
    ("postgresql", "CREATE TYPE mood AS ENUM ('sad', 'glad');\n" + GUARD + "ALTER TABLE users ADD COLUMN mood mood;"),
    ("postgresql", "BEGIN;\nCREATE TYPE mood AS ENUM ('sad');\nALTER TYPE mood ADD VALUE 'glad';\n"
     "CREATE TABLE moods (m mood DEFAULT 'glad');\nCOMMIT;"),
    ("postgresql", "UPDATE users SET age = 0 WHERE age IS NULL AND id BETWEEN 1 AND 5000;"),
    ("postgresql", "CREATE VIEW adults AS SELECT id, name FROM users WHERE age > 17;"),
    ("postgresql", "CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS t FROM orders GROUP BY user_id;\n"
     "CREATE UNIQUE INDEX totals_user ON totals (user_id);\nREFRESH MATERIALIZED VIEW CONCURRENTLY totals;"),
    ("postgresql", GUARD + "BEGIN;\nLOCK TABLE users IN ACCESS EXCLUSIVE MODE;\n"
     "ALTER TABLE users ALTER COLUMN age SET DEFAULT 1;\nCOMMIT;"),
    ("postgresql", "REINDEX INDEX CONCURRENTLY users_email;\nVACUUM (ANALYZE) users;"),
    ("postgresql", "CREATE TABLE staging (id bigint);\nCREATE INDEX staging_id ON staging (id);\nTRUNCATE staging;\n"
     "DROP TABLE staging;"),
    ("postgresql", "CREATE TABLE logs (id bigint, day date) PARTITION BY RANGE (day);\n"
     "CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');\n"
     "CREATE INDEX logs_day ON logs (day);"),
    ("postgresql", "COMMENT ON TABLE users IS 'people';\nGRANT SELECT ON users TO PUBLIC;\nANALYZE users;"),
    ("mysql", WAIT + "ALTER TABLE users ADD COLUMN nickname varchar(50), ALGORITHM=INSTANT;"),
    ("mysql", WAIT + "ALTER TABLE users ADD COLUMN active tinyint NOT NULL DEFAULT 1, ALGORITHM=INSTANT;"),
    ("mysql", WAIT + "ALTER TABLE users ADD INDEX users_age (age), ALGORITHM=INPLACE, LOCK=NONE;"),
    ("mysql", WAIT + "ALTER TABLE users DROP INDEX users_email, ALGORITHM=INPLACE, LOCK=NONE;"),
    ("mysql", WAIT + "ALTER TABLE users ALTER COLUMN age SET DEFAULT 0, ALGORITHM=INSTANT;"),
    ("mysql", WAIT + "ALTER TABLE users MODIFY name varchar(60) NOT NULL DEFAULT 'x', ALGORITHM=INPLACE, LOCK=NONE;"),
    ("mysql", "CREATE TABLE invoices (id bigint PRIMARY KEY, order_id bigint, FOREIGN KEY (order_id) REFERENCES orders (id));"),
    ("mysql", "UPDATE users SET age = 0 WHERE age IS NULL LIMIT 1000;"),
    ("mariadb", WAIT + "ALTER TABLE users ADD COLUMN nickname varchar(50), ALGORITHM=INSTANT, LOCK=NONE;"),
    ("mariadb", WAIT + "ALTER TABLE users ADD INDEX users_age (age), ALGORITHM=NOCOPY, LOCK=NONE;"),
    ("mariadb", WAIT + "ALTER TABLE users ADD UNIQUE KEY users_mail (email), ALGORITHM=NOCOPY, LOCK=NONE;"),
    ("sqlite", "ALTER TABLE users ADD COLUMN nickname text;"),
    ("sqlite", "ALTER TABLE users ADD COLUMN active integer NOT NULL DEFAULT 1;\nCREATE INDEX users_active ON users (active);"),
    ("sqlite", "PRAGMA foreign_keys = OFF;\nBEGIN;\nCREATE TABLE users_new (id bigint PRIMARY KEY, email text, name text);\n"
     "INSERT INTO users_new SELECT id, email, name FROM users;\nDROP TABLE users;\nALTER TABLE users_new RENAME TO users;\n"
     "CREATE INDEX users_email ON users (email);\nPRAGMA foreign_key_check;\nCOMMIT;\nPRAGMA foreign_keys = ON;"),
    ("sqlite", "CREATE TABLE invoices (id integer PRIMARY KEY, order_id bigint REFERENCES orders (id));\n"
     "CREATE INDEX invoices_order ON invoices (order_id);"),
)  # fmt: skip

DANGEROUS: Final[tuple[tuple[str, str, str], ...]] = (
    ("postgresql", "CREATE INDEX users_age ON users (age);", "blocking_index_build"),
    ("postgresql", "CREATE UNIQUE INDEX users_mail ON users (lower(email));", "blocking_index_build"),
    ("postgresql", "BEGIN; CREATE INDEX CONCURRENTLY users_age ON users (age); COMMIT;", "concurrently_in_transaction"),
    ("postgresql", "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_age ON users (age);", "concurrently_if_not_exists"),
    ("postgresql", "SET statement_timeout = '30s'; CREATE INDEX CONCURRENTLY users_age ON users (age);",
     "timeout_on_concurrent_build"),
    ("postgresql", "DROP INDEX users_email;", "blocking_index_drop"),
    ("postgresql", "ALTER TABLE users ADD UNIQUE (email);", "blocking_unique_constraint"),
    ("postgresql", "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id);", "scanning_foreign_key"),
    ("postgresql", "ALTER TABLE orders ADD CHECK (total > 0);", "scanning_check"),
    ("postgresql", "ALTER TABLE users ALTER COLUMN email SET NOT NULL;", "scanning_not_null"),
    ("postgresql", "ALTER TABLE users DROP CONSTRAINT users_pkey;"
     " CREATE UNIQUE INDEX CONCURRENTLY users_mail ON users (email);"
     " ALTER TABLE users ADD PRIMARY KEY USING INDEX users_mail;", "scanning_not_null"),
    ("postgresql", "ALTER TABLE users ADD COLUMN country text NOT NULL;", "required_column_without_default"),
    ("postgresql", "ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid();", "rewriting_column"),
    ("postgresql", "ALTER TABLE users ADD COLUMN number bigserial;", "rewriting_column"),
    ("postgresql", "ALTER TABLE users ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;", "rewriting_column"),
    ("postgresql", "ALTER TABLE users ADD COLUMN low text GENERATED ALWAYS AS (lower(email)) STORED;", "rewriting_column"),
    ("postgresql", "ALTER TABLE users ALTER COLUMN age TYPE bigint;", "rewriting_column"),
    ("postgresql", "ALTER TABLE users RENAME COLUMN name TO full_name;", "rename_without_expand"),
    ("postgresql", "ALTER TABLE users RENAME TO people;", "rename_without_expand"),
    ("postgresql", "ALTER TABLE users DROP COLUMN age;", "dropped_column_in_use"),
    ("postgresql", "DROP TABLE orders;", "dropped_table"),
    ("postgresql", "DROP TABLE orders CASCADE;", "cascading_drop"),
    ("postgresql", "TRUNCATE orders;", "emptied_table"),
    ("postgresql", "BEGIN; ALTER TABLE users ADD COLUMN a text; UPDATE users SET a = name WHERE age > 1; COMMIT;",
     "data_change_with_blocking_lock"),
    ("postgresql", "UPDATE users SET age = 0 WHERE age IS NULL;", "unbatched_backfill"),
    ("postgresql", "DELETE FROM orders;", "unbatched_backfill"),
    ("postgresql", "BEGIN; ALTER TABLE users ADD CONSTRAINT c CHECK (age > 0) NOT VALID;"
     " ALTER TABLE users VALIDATE CONSTRAINT c; COMMIT;", "validate_in_same_transaction"),
    ("postgresql", "BEGIN; LOCK TABLE users; DELETE FROM users WHERE id > 7; COMMIT;", "explicit_lock"),
    ("postgresql", "VACUUM FULL users;", "blocking_rebuild"),
    ("postgresql", "DROP SCHEMA shop CASCADE;", "dropped_schema"),
    ("mysql", "ALTER TABLE users CONVERT TO CHARACTER SET latin1;", "blocking_table_copy"),
    ("mysql", "ALTER TABLE users MODIFY age bigint;", "rewriting_column"),
    ("mysql", "ALTER TABLE users MODIFY name varchar(60);", "lost_attributes"),
    ("mysql", "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id);", "copying_foreign_key"),
    ("mysql", "ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 0);", "blocking_table_copy"),
    ("mysql", "ALTER TABLE users ADD FULLTEXT INDEX f (name);", "blocking_index_build"),
    ("mysql", "ALTER TABLE users MODIFY age bigint, ALGORITHM=INSTANT;", "refused_algorithm"),
    ("mysql", "ALTER TABLE users ADD COLUMN country char(2) NOT NULL;", "invented_value"),
    ("mysql", "DROP DATABASE shop;", "dropped_schema"),
    ("mysql", "LOCK TABLES users WRITE; UPDATE users SET age = 1 WHERE id > 5; UNLOCK TABLES;", "explicit_lock"),
    ("mariadb", "ALTER TABLE users MODIFY age bigint;", "rewriting_column"),
    ("mariadb", "TRUNCATE TABLE orders;", "emptied_table"),
    ("sqlite", "ALTER TABLE users ADD COLUMN code text UNIQUE;", "refused_column"),
    ("sqlite", "ALTER TABLE users RENAME TO old; CREATE TABLE users (id bigint PRIMARY KEY);"
     " INSERT INTO users SELECT id FROM old; DROP TABLE old;", "rename_first_rebuild"),
    ("sqlite", "CREATE TABLE users_new (id bigint PRIMARY KEY, email text); INSERT INTO users_new SELECT id, email FROM users;"
     " DROP TABLE users; ALTER TABLE users_new RENAME TO users;", "lost_on_rebuild"),
    ("sqlite", "ALTER TABLE users ADD COLUMN country text NOT NULL;", "required_column_without_default"),
)  # fmt: skip
