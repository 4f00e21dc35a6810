"""The chain over the audit log: jobs keep it, and every way to tamper with it has its verdict."""
import hmac
import os
import time
import unittest

import ctl
import lib

ROWS = 12


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = ctl.Operator()
        cls.servers.migrate_root()

    @classmethod
    def tearDownClass(cls):
        cls.servers.stop()

    def setUp(self):
        """A chained log of ROWS rows, jobs stopped."""
        self.clear()
        for number in range(ROWS):
            self.add(f"row {number}")
        self.chain()

    def tearDown(self):
        self.servers.stop_one("jobs")

    def clear(self):
        self.sql("DELETE FROM audit_seal; DELETE FROM audit_chain; DELETE FROM audit;")
        anchor = os.path.join(self.servers.state, "audit_anchor")
        if os.path.exists(anchor):
            os.remove(anchor)

    def sql(self, text):
        return self.servers.sql("SET foreign_key_checks = 0;" + text)

    def add(self, reason, ago_s=0):
        self.sql("INSERT INTO audit (at, actor_kind, actor_name, action, object_kind, reason, result) VALUES"
                 f" (UTC_TIMESTAMP(3) - INTERVAL {ago_s} SECOND, 'operator', 'test', 'audit.verify', 'audit', '{reason}', 'ok')")

    def unchained(self):
        return self.servers.number("SELECT (SELECT COUNT(*) FROM audit) - (SELECT COUNT(*) FROM audit_chain)")

    def chain(self, then_stop=True):
        self.servers.start_jobs()
        lib.wait_for("the chain", lambda: self.unchained() == 0)
        if then_stop:
            self.servers.stop_one("jobs")

    def verify(self, verdict):
        text = self.servers.ctl("audit", "verify", status=0 if verdict == "ok" else 1)
        self.assertTrue(text.startswith(verdict + ":"), text)
        return text

    def id_at(self, position):
        return self.servers.number(f"SELECT audit_id FROM audit_chain WHERE position = {position}")

    def test_whole(self):
        self.verify("ok")

    def test_the_chain_is_what_its_description_says(self):
        """Recomputed here, from the words of schema/README.md and the rows as MariaDB gives them."""
        with open(os.path.join(self.servers.secret, "audit_key"), encoding="ascii") as file:
            key = bytes.fromhex(file.read().strip())
        rows = self.sql("SELECT HEX(hash), a.id, ROUND(UNIX_TIMESTAMP(CONVERT_TZ(at, '+00:00', @@time_zone)) * 1000), actor_kind,"
                        " actor_id, actor_name, role, ip, action, object_kind, object_id, object_label, reason, before_json,"
                        " after_json, result FROM audit a JOIN audit_chain c ON c.audit_id = a.id ORDER BY position")
        self.assertEqual(len(rows), ROWS)
        previous = bytes(32)
        for row in rows:
            columns = [column.encode() for column in row[1:]]
            words = previous + b"".join(len(column).to_bytes(4, "big") + column for column in columns)
            previous = hmac.new(key, words, "sha256").digest()
            self.assertEqual(previous.hex().upper(), row[0], row)

    def test_rows_are_chained_within_ten_seconds(self):
        self.chain(then_stop=False)
        self.add("now")
        began = time.monotonic()
        lib.wait_for("the row in the chain", lambda: self.unchained() == 0, seconds=10)
        self.assertLess(time.monotonic() - began, 10)

    def test_an_altered_row(self):
        bad = self.id_at(5)
        self.sql(f"UPDATE audit SET reason = 'forged' WHERE id = {bad}")
        self.assertIn(f"audit row {bad} is not what was chained", self.verify("altered"))

    def test_an_altered_chain(self):
        bad = self.id_at(5)
        self.sql("UPDATE audit_chain SET hash = UNHEX(REPEAT('00', 32)) WHERE position = 5")
        self.assertIn(f"audit row {bad} ", self.verify("altered"))

    def test_a_deleted_row(self):
        bad = self.id_at(5)
        self.sql(f"DELETE FROM audit WHERE id = {bad}")
        self.assertIn(f"audit row {bad} was chained but is gone", self.verify("chain_longer"))

    def test_a_row_deleted_from_both(self):
        bad = self.id_at(5)
        self.sql(f"DELETE FROM audit WHERE id = {bad}; DELETE FROM audit_chain WHERE position = 5")
        self.assertIn("the chain lacks position 5", self.verify("altered"))

    def test_a_deleted_tail(self):
        self.sql("DELETE FROM audit ORDER BY id DESC LIMIT 3")
        self.verify("chain_longer")

    def test_a_tail_deleted_from_both_shows_by_the_anchor(self):
        self.sql("DELETE a, c FROM audit a JOIN audit_chain c ON c.audit_id = a.id WHERE c.position > 9")
        self.assertIn("anchor outside the database (position 12)", self.verify("seal_mismatch"))

    def test_a_tail_deleted_from_both_shows_by_the_seal(self):
        os.remove(os.path.join(self.servers.state, "audit_anchor"))
        self.sql("INSERT INTO audit_seal SELECT UTC_DATE(), position, hash, UTC_TIMESTAMP(3) FROM audit_chain"
                 " ORDER BY position DESC LIMIT 1")
        self.verify("ok")
        self.sql("DELETE a, c FROM audit a JOIN audit_chain c ON c.audit_id = a.id WHERE c.position > 9")
        self.verify("seal_mismatch")

    def test_an_inserted_row_that_nobody_chained(self):
        self.add("smuggled", ago_s=120)
        self.assertIn("1 audit rows are not chained", self.verify("log_longer"))

    def test_a_fresh_row_is_no_fault(self):
        self.add("just written")
        self.verify("ok")

    def test_late_commits_are_not_skipped(self):
        """A row with a small id that becomes visible after larger ones were chained."""
        small = self.servers.number("SELECT MAX(id) FROM audit") + 1
        self.sql(f"ALTER TABLE audit AUTO_INCREMENT = {small + 5}")
        self.add("committed first")
        self.chain()
        self.sql("INSERT INTO audit (id, at, actor_kind, actor_name, action, object_kind, reason, result) VALUES"
                 f" ({small}, UTC_TIMESTAMP(3), 'operator', 'test', 'audit.verify', 'audit', 'committed late', 'ok')")
        self.chain()
        self.assertEqual(self.id_at(ROWS + 2), small)
        self.verify("ok")

    def test_a_row_that_waits_is_an_alarm(self):
        key = os.path.join(self.servers.secret, "audit_key")
        os.rename(key, key + ".away")
        try:
            self.add("waits", ago_s=90)
            self.servers.start_jobs()
            lib.wait_for("the alarm", lambda: self.servers.number(
                "SELECT COUNT(*) FROM alarm WHERE kind = 'audit_unchained' AND closed_at IS NULL") == 1)
        finally:
            os.rename(key + ".away", key)
        lib.wait_for("the alarm's end", lambda: self.servers.number(
            "SELECT COUNT(*) FROM alarm WHERE kind = 'audit_unchained' AND closed_at IS NULL") == 0)

    def test_yesterday_is_sealed(self):
        self.sql("UPDATE audit_chain SET chained_at = chained_at - INTERVAL 3 DAY WHERE position <= 4")
        self.servers.start_jobs()
        lib.wait_for("the seal", lambda: self.servers.number("SELECT COUNT(*) FROM audit_seal") == 1)
        self.assertEqual(self.servers.number("SELECT position FROM audit_seal"), 4)
        self.verify("ok")


if __name__ == "__main__":
    unittest.main()
