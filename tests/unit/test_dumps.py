"""Dumps as pg_dump, mysqldump and sqlite3 write them: every table is read, and rows are never taken for statements."""

from domain_agents.dialects import dialect, replay

PG_TABLE = """
CREATE TABLE public.t{n} (
    id bigint NOT NULL,
    parent_id bigint,
    name character varying(255) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT chk{n} CHECK ((char_length((name)::text) < 200))
);
ALTER TABLE public.t{n} OWNER TO app;
CREATE SEQUENCE public.t{n}_id_seq
    START WITH 1
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.t{n}_id_seq OWNED BY public.t{n}.id;
ALTER TABLE ONLY public.t{n} ALTER COLUMN id SET DEFAULT nextval('public.t{n}_id_seq'::regclass);

COPY public.t{n} (id, parent_id, name) FROM stdin;
1\t\\N\tit's; a "q$$uote -- /* ü
2\t1\tDROP TABLE public.t{n};
\\\\copied is not a command
\\.

SELECT pg_catalog.setval('public.t{n}_id_seq', 2, true);
ALTER TABLE ONLY public.t{n} ADD CONSTRAINT t{n}_pkey PRIMARY KEY (id);
CREATE INDEX t{n}_parent ON public.t{n} USING btree (parent_id);
ALTER TABLE ONLY public.t{n} ADD CONSTRAINT t{n}_fk FOREIGN KEY (parent_id) REFERENCES public.t{n}(id);
"""
MY_TABLE = """
DROP TABLE IF EXISTS `t{n}`;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `t{n}` (
  `id` bigint unsigned NOT NULL AUTO_INCREMENT,
  `parent_id` bigint unsigned DEFAULT NULL COMMENT 'it''s; (the) `parent`',
  `ratio` float unsigned DEFAULT NULL,
  `body` longtext,
  PRIMARY KEY (`id`),
  KEY `pre` (`body`(20)),
  FULLTEXT KEY `ft` (`body`) /*!50100 WITH PARSER `ngram` */ ,
  CONSTRAINT `fk{n}` FOREIGN KEY (`parent_id`) REFERENCES `t{later}` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB AUTO_INCREMENT=12 DEFAULT CHARSET=utf8mb4 COMMENT='a; b';
LOCK TABLES `t{n}` WRITE;
/*!40000 ALTER TABLE `t{n}` DISABLE KEYS */;
INSERT INTO `t{n}` VALUES (1,NULL,1,'it\\'s; -- DROP TABLE t{n}; /* x \\\\');
UNLOCK TABLES;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `tr{n}` BEFORE INSERT ON `t{n}` FOR EACH ROW BEGIN
  SET NEW.ratio = 2;
  SET NEW.body = 'x';
END */;;
DELIMITER ;
"""
MY_VIEW = """
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`root`@`localhost` SQL SECURITY DEFINER */
/*!50001 VIEW `v` AS select `t0`.`id` AS `id` from `t0` */;
"""
COUNT = 60


def test_a_dump_of_postgresql_is_read_whole_and_its_rows_are_data() -> None:
    tables = "".join(PG_TABLE.format(n=n) for n in range(COUNT))
    text = f"\\restrict aBc1\n\nSET client_encoding = 'UTF8';\n{tables}\n\\unrestrict aBc1\n"
    schema, unread = replay(text, dialect("postgresql"))
    assert unread == ()
    assert (len(schema.tables), len(schema.indexes)) == (COUNT, COUNT)
    assert all(table.primary_key and table.foreign_keys and table.checks for table in schema.tables.values())


def test_what_stands_behind_copied_rows_keeps_its_place() -> None:
    text = "COPY t (x) FROM stdin;\nü;\n\\.\n\nCREATE TABLE später (x int);\n\\connect other\nCREATE TABLE c (x int);\n"
    read = dialect("postgresql").read(text)
    assert [(one.line, bool(one.problem)) for one in read] == [(1, False), (5, False), (6, True), (7, False)]
    assert all(text[one.start :].startswith(one.sql) for one in read)


def test_one_strange_statement_costs_one_diagnostic() -> None:
    schema, unread = replay("CREATE TABLE a (x int);\nFROBNICATE;\nCREATE TABLE b (x int);\n", dialect("postgresql"))
    assert [one.line for one in unread] == [2]
    assert len(schema.tables) == 2


def test_a_dump_of_mysql_is_read_whole_whatever_its_comments_hold() -> None:
    text = "".join(MY_TABLE.format(n=n, later=(n + 1) % COUNT) for n in range(COUNT)) + MY_VIEW
    for name in ("mysql", "mariadb"):
        schema, unread = replay(text, dialect(name))
        assert unread == (), name
        assert len(schema.tables) == COUNT
        assert all(table.foreign_keys for table in schema.tables.values())


def test_a_dump_of_sqlite_is_read_whole() -> None:
    tables = "".join(
        f"CREATE TABLE t{n} (id INTEGER PRIMARY KEY, up INTEGER REFERENCES t{n}(id));\n"
        f"INSERT INTO t{n} VALUES(1,'it''s; DROP TABLE t{n};');\nCREATE INDEX i{n} ON t{n}(up);\n"
        for n in range(COUNT)
    )
    text = (
        f"PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n{tables}INSERT INTO sqlite_sequence VALUES('t0',2);\nCOMMIT;\n"
    )
    schema, unread = replay(text, dialect("sqlite"))
    assert unread == ()
    assert (len(schema.tables), len(schema.indexes)) == (COUNT, COUNT)
