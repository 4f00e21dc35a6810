"""Migrations: once each, again after a kill, never at once, never edited; and the rights of every database user."""
import os
import shutil
import signal
import subprocess
import time
import unittest

import ctl
import lib

KEPT = {"audit": "at", "audit_chain": "hash", "audit_seal": "hash", "transfer": "id", "proof": "id", "proof_line": "change_fen"}


class Migrate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = ctl.Operator()

    @classmethod
    def tearDownClass(cls):
        cls.servers.stop()

    def setUp(self):
        self.servers.sql(f"DROP DATABASE IF EXISTS {lib.DATABASE}", database="")
        self.servers.write_config()

    def own_schema(self):
        """A copy of the schema folder that a test may change, named in the settings."""
        folder = self.servers.path(f"schema-{time.monotonic_ns()}")
        shutil.copytree(os.path.join(lib.ROOT, "schema"), folder)
        self.servers.write_config(paths__schema=folder)
        return folder

    def test_twice(self):
        first = self.servers.migrate_root()
        self.assertIn("0001_site.sql", first)
        self.assertIn("model acrel-dtsy1352 registered", first)
        count = self.servers.number("SELECT COUNT(*) FROM schema_migration")
        second = self.servers.migrate_root()
        self.assertIn("the tables are up to date", second)
        self.assertEqual(self.servers.number("SELECT COUNT(*) FROM schema_migration"), count)
        self.assertIn("database users were not touched", self.servers.ctl("migrate"))

    def test_after_a_kill_in_the_middle(self):
        folder = self.own_schema()
        with open(os.path.join(folder, "migrations", "9000_slow.sql"), "w", encoding="utf-8") as file:
            file.write("CREATE TABLE IF NOT EXISTS slow (id INT NOT NULL PRIMARY KEY);\n"
                       "SET @wait = SLEEP(2);\nINSERT IGNORE INTO slow VALUES (1);\n")
        process = subprocess.Popen([self.servers.program("ctl/paywattctl"), "--config", self.servers.config, "migrate",
                                    "--root-socket-user", "root"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lib.wait_for("the slow table", lambda: self.servers.client(
            ["-e", "SELECT 1 FROM slow"], check=False, database=lib.DATABASE).returncode == 0)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertEqual(self.servers.number("SELECT COUNT(*) FROM schema_migration WHERE number = 9000"), 0)
        self.assertIn("9000_slow.sql", self.servers.migrate_root())
        self.assertEqual(self.servers.number("SELECT COUNT(*) FROM slow"), 1)

    def test_two_at_once_wait_for_each_other(self):
        command = [self.servers.program("ctl/paywattctl"), "--config", self.servers.config, "migrate",
                   "--root-socket-user", "root"]
        self.servers.sql(f"CREATE DATABASE {lib.DATABASE}", database="")
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
        texts = [process.communicate(timeout=60)[0] for process in both]
        self.assertEqual([process.returncode for process in both], [0, 0], texts)
        self.assertEqual(sorted("0001_site.sql" in text for text in texts), [False, True], texts)

    def test_an_edited_file_stops_everything(self):
        folder = self.own_schema()
        self.servers.migrate_root()
        path = os.path.join(folder, "migrations", "0001_site.sql")
        with open(path, "a", encoding="utf-8") as file:
            file.write("CREATE TABLE sneaked (id INT);\n")
        text = self.servers.migrate_root(status=1)
        self.assertIn("0001_site.sql: it was changed after it ran on", text)
        self.assertEqual(self.servers.sql("SHOW TABLES LIKE 'sneaked'"), [])

    def test_an_older_program_refuses_a_newer_database(self):
        folder = self.own_schema()
        self.servers.migrate_root()
        os.remove(sorted(os.path.join(folder, "migrations", name)
                         for name in os.listdir(os.path.join(folder, "migrations")))[-1])
        self.assertIn("these programs are older than the database", self.servers.migrate_root(status=1))

    def test_a_broken_statement_names_file_and_line(self):
        folder = self.own_schema()
        with open(os.path.join(folder, "migrations", "9001_bad.sql"), "w", encoding="utf-8") as file:
            file.write("-- first\nSELECT 1 INTO @a;\n\nCREATE TABLE nonsense;\n")
        self.assertIn("9001_bad.sql:4: ", self.servers.migrate_root(status=1))

    def test_a_password_file_with_wide_rights_is_refused(self):
        path = os.path.join(self.servers.secret, "db_staff")
        os.chmod(path, 0o644)
        try:
            self.assertIn(f"{path}: group or others have rights to it", self.servers.migrate_root(status=1))
        finally:
            os.chmod(path, 0o600)


class Grants(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = ctl.Operator()
        cls.servers.migrate_root()

    @classmethod
    def tearDownClass(cls):
        cls.servers.stop()

    def test_nobody_changes_or_removes_what_only_grows(self):
        for role in ctl.ROLES:
            for table, column in KEPT.items():
                for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
                    with self.subTest(role=role, statement=statement):
                        self.assertIn("denied", self.servers.as_role(role, statement))

    def test_programs_cannot_drop_or_truncate(self):
        for role in set(ctl.ROLES) - {"migrate"}:
            with self.subTest(role=role):
                self.assertIn("denied", self.servers.as_role(role, "TRUNCATE TABLE audit"))
                self.assertIn("denied", self.servers.as_role(role, "DROP TABLE site"))
                self.assertIn("denied", self.servers.as_role(role, "CREATE TABLE x (id INT)"))

    def test_outside_roles_see_no_people(self):
        for role in ("tenant", "notify", "machine"):
            with self.subTest(role=role):
                self.assertIn("denied", self.servers.as_role(role, "SELECT * FROM user"))
                self.assertIn("denied", self.servers.as_role(role, "INSERT INTO command (id) VALUES (1)"))

    def test_every_role_can_log_in_and_read_its_own(self):
        for role, statement in (("staff", "SELECT COUNT(*) FROM audit"), ("poller", "SELECT COUNT(*) FROM meter"),
                                ("jobs", "SELECT COUNT(*) FROM command"), ("ctl", "SELECT COUNT(*) FROM user"),
                                ("backup", "SELECT COUNT(*) FROM audit"), ("machine", "SELECT COUNT(*) FROM reading"),
                                ("tenant", "SELECT COUNT(*) FROM site"), ("notify", "SELECT COUNT(*) FROM site")):
            with self.subTest(role=role):
                self.assertEqual(self.servers.as_role(role, statement), "")

    def test_a_right_given_by_hand_is_found(self):
        self.servers.sql("GRANT DELETE ON audit TO pw_staff@localhost")
        try:
            self.assertIn("'pw_staff'@'localhost' has DELETE on tables that only grow", self.servers.migrate_root(status=1))
        finally:
            self.servers.sql("REVOKE DELETE ON audit FROM pw_staff@localhost")


if __name__ == "__main__":
    unittest.main()
