"""Jobs: partitions, expiry, sweeps; and what paywattctl check finds when a rule is broken."""
import os
import unittest

import ctl
import lib


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = ctl.Operator()
        cls.servers.migrate_root()
        cls.servers.ctl("import", ctl.PARK, "--commit")

    @classmethod
    def tearDownClass(cls):
        cls.servers.stop()

    def tearDown(self):
        self.servers.stop_one("jobs")

    def partitions(self):
        return [row[0] for row in self.servers.sql(
            "SELECT PARTITION_NAME FROM information_schema.PARTITIONS WHERE TABLE_NAME = 'reading'"
            " ORDER BY PARTITION_ORDINAL_POSITION")]

    def months_ahead(self):
        now = self.servers.sql("SELECT DATE_FORMAT(UTC_DATE(), '%Y%m')")[0][0]
        return sum(name[2:] > now for name in self.partitions() if name[2:].isdigit())

    def test_partitions_are_made_ahead_and_take_rows_from_beyond(self):
        meter = self.servers.number("SELECT MIN(id) FROM meter")
        self.servers.sql("ALTER TABLE reading REORGANIZE PARTITION " + ", ".join(self.partitions()[1:]) +
                         " INTO (PARTITION p_future VALUES LESS THAN (MAXVALUE))")
        for months in (0, 2, 40):
            self.servers.sql(f"INSERT INTO reading (meter_id, taken_at) VALUES ({meter}, UTC_TIMESTAMP(3) + INTERVAL {months}"
                             " MONTH)")
        self.servers.start_jobs()
        lib.wait_for("partitions", lambda: self.months_ahead() == 3)
        name = "p_" + self.servers.sql("SELECT DATE_FORMAT(UTC_DATE() + INTERVAL 2 MONTH, '%Y%m')")[0][0]
        self.assertEqual(self.servers.number(f"SELECT COUNT(*) FROM reading PARTITION ({name})"), 1)
        self.assertEqual(self.servers.number("SELECT COUNT(*) FROM reading PARTITION (p_future)"), 1)
        self.assertEqual(self.servers.number("SELECT COUNT(*) FROM reading"), 3)
        self.assertIn("3 months ahead", self.servers.ctl("partition", "show"))

    def test_old_months_are_dropped(self):
        self.servers.start_jobs()
        lib.wait_for("partitions", lambda: self.months_ahead() == 3)
        self.servers.stop_one("jobs")
        self.servers.write_config(jobs__reading_keep_months=2)
        oldest = "p_" + self.servers.sql("SELECT DATE_FORMAT(UTC_DATE() - INTERVAL 2 MONTH, '%Y%m')")[0][0]
        self.servers.start_jobs()
        lib.wait_for("the drop", lambda: self.partitions()[1] == oldest)
        self.servers.write_config()

    def test_orders_and_questions_expire(self):
        self.servers.sql("INSERT INTO command (supply_id, meter_id, epoch, kind, origin, reason, requested_at, expires_at)"
                         " SELECT s.id, s.meter_id, 1, 'read', 'automatic', 'x', UTC_TIMESTAMP(3) - INTERVAL 1 HOUR,"
                         " UTC_TIMESTAMP(3) - INTERVAL 30 MINUTE FROM supply s ORDER BY s.id LIMIT 1;"
                         "INSERT INTO field_request (kind, address, requested_at, expires_at) VALUES"
                         " ('probe', 1, UTC_TIMESTAMP(3) - INTERVAL 1 HOUR, UTC_TIMESTAMP(3) - INTERVAL 30 MINUTE)")
        self.assertRegex(self.servers.ctl("check", status=1), r"BROKEN F\d+_order_ends")
        self.servers.start_jobs()
        lib.wait_for("the expiry", lambda: self.servers.sql("SELECT DISTINCT state FROM command") == [["expired"]])
        lib.wait_for("the question's expiry", lambda: self.servers.sql("SELECT state FROM field_request") == [["expired"]])

    def test_a_silent_program_and_a_stale_meter_are_alarms(self):
        self.servers.sql("INSERT INTO program_heartbeat (program, shard, at, started_at, pid) VALUES"
                         " ('poller', 7, UTC_TIMESTAMP(3) - INTERVAL 10 MINUTE, UTC_TIMESTAMP(3), 1);"
                         "INSERT INTO meter_state (meter_id, taken_at, stored_at) SELECT MIN(id),"
                         " UTC_TIMESTAMP(3) - INTERVAL 1 HOUR, UTC_TIMESTAMP(3) FROM meter")
        open_alarms = "SELECT COUNT(*) FROM alarm WHERE closed_at IS NULL AND kind = '%s'"
        self.servers.start_jobs()
        lib.wait_for("the alarms", lambda: self.servers.number(open_alarms % "program_silent") == 1
                     and self.servers.number(open_alarms % "meter_stale") == 1)
        self.servers.sql("UPDATE meter_state SET taken_at = UTC_TIMESTAMP(3);"
                         "DELETE FROM program_heartbeat WHERE shard = 7")
        lib.wait_for("their end", lambda: self.servers.number(open_alarms % "program_silent") == 0
                     and self.servers.number(open_alarms % "meter_stale") == 0)

    def test_a_broken_invariant_is_an_alarm(self):
        query = "SELECT detail FROM alarm WHERE kind = 'invariant_broken' AND closed_at IS NULL"
        self.servers.sql("UPDATE line SET writable = 1, writable_at = NULL WHERE code = 'L03'")
        self.servers.start_jobs()
        rows = lib.wait_for("the alarm", lambda: self.servers.sql(query))
        self.assertIn("_line_writable", rows[0][0])
        self.servers.stop_one("jobs")
        self.servers.sql("UPDATE line SET writable = 0 WHERE code = 'L03'")
        self.servers.start_jobs()
        lib.wait_for("its end", lambda: not self.servers.sql(query))

    def test_jobs_give_a_sign_of_life_and_end_at_once(self):
        process = self.servers.start_jobs()
        lib.wait_for("the heartbeat", lambda: "jobs 0: heartbeat" in self.servers.ctl("status"))
        self.servers.stop_one("jobs", seconds=5)
        self.assertEqual(process.returncode, 0)

    def test_a_bad_setting_names_file_and_line(self):
        path = self.servers.write("bad.ini", "[jobs]\nchain_ms = 1\n[nonsense]\nx = 1\n")
        process = self.servers.start("bad", [self.servers.program("jobs/paywatt-jobs"), "--config", path])
        self.assertEqual(process.wait(20), 1)
        log = self.servers.log_of("bad")
        self.assertIn(f"{path}:2: [jobs] chain_ms must be a whole number from 200 to 10000", log)
        self.assertIn(f"{path}:4: unknown section [nonsense]", log)


class Operators(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = ctl.Operator()
        cls.servers.migrate_root()
        cls.servers.ctl("import", ctl.PARK, "--commit")

    @classmethod
    def tearDownClass(cls):
        cls.servers.stop()

    def test_people(self):
        password = self.servers.write("password", "correct horse battery\n")
        seed = self.servers.write("seed", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP\n")
        for path in (password, seed):
            os.chmod(path, 0o600)
        self.servers.ctl("user", "add", "anna", "--role", "administrator", "--display-name", "安娜", "--password-file", password,
                         "--totp-secret-file", seed)
        self.assertIn("already", self.servers.ctl("user", "add", "anna", "--role", "auditor", status=1))
        self.assertIn("one-time password", self.servers.ctl("user", "add", "bob", "--role", "engineer"))
        self.assertIn("last active administrator",
                      self.servers.ctl("user", "state", "anna", "disabled", "--reason", "x", status=1))
        self.assertIn("needs --reason", self.servers.ctl("user", "state", "bob", "disabled", status=1))
        self.servers.ctl("user", "state", "bob", "disabled", "--reason", "left")
        self.servers.ctl("user", "reset", "anna", "totp", "--reason", "lost telephone")
        listed = self.servers.ctl("user", "list")
        self.assertRegex(listed, r"anna +administrator +active +no TOTP")
        self.assertRegex(listed, r"bob +engineer +disabled")
        self.assertNotIn("correct horse", self.servers.ctl("status") + listed)
        actor = self.servers.sql("SELECT DISTINCT actor_kind FROM audit WHERE action LIKE 'user.%'")
        self.assertEqual(actor, [["operator"]])

    def test_settings_and_lines(self):
        self.servers.ctl("setting", "set", "accept_experimental_models", "true", "--reason", "demo")
        self.servers.write_config(site__simulated="false")
        self.servers.ctl("setting", "set", "accept_experimental_models", "false", "--reason", "real")
        self.assertIn("only for a site whose settings say",
                      self.servers.ctl("setting", "set", "accept_experimental_models", "true", "--reason", "x", status=1))
        self.servers.write_config()
        self.assertIn("no such setting", self.servers.ctl("setting", "set", "nonsense", "1", "--reason", "x", status=1))
        self.assertIn("1 line writable", self.servers.ctl("line", "writable", "L02", "--reason", "take-over"))
        self.assertIn("12 lines writable", self.servers.ctl("line", "writable", "all", "--reason", "take-over"))
        self.assertIn("12 lines read-only", self.servers.ctl("line", "read-only", "all", "--reason", "back"))
        self.assertIn('no line "L99"', self.servers.ctl("line", "writable", "L99", "--reason", "x", status=1))

    def test_models_without_a_poller(self):
        file = f"{lib.ROOT}/poller/models/acrel-dtsy1352.json"
        self.assertIn("points", self.servers.ctl("model", "check", file))
        self.assertIn("acrel-ddsy1352", self.servers.ctl("model", "list"))
        self.assertIn("registered as it is", self.servers.ctl("model", "register"))
        self.assertIn("paywatt-poller does not run",
                      self.servers.ctl("model", "test", file, "--line", "L01", "--address", "1", status=1))
        bad = self.servers.write("bad.json", "{\"model\": ")
        self.assertIn("bad.json: ", self.servers.ctl("model", "check", bad, status=1))

    def test_status_and_wait(self):
        self.assertIn('"meters_total": 375', self.servers.ctl("status", "--json"))
        self.assertIn("not all meters were read within 1 s", self.servers.ctl("wait-read", "--timeout", "1", status=1))
        self.servers.sql("INSERT INTO meter_state (meter_id, taken_at, stored_at) SELECT id, UTC_TIMESTAMP(3),"
                         " UTC_TIMESTAMP(3) FROM meter")
        self.assertRegex(self.servers.ctl("wait-read"), r"375 of 375 meters read, oldest reading \d+ s")

    def test_check_names_what_is_broken(self):
        self.assertIn("0 broken", self.servers.ctl("check"))
        meter = "SELECT MIN(id) FROM meter"
        mutations = [
            ("line_writable", "UPDATE line SET writable = 1, writable_at = NULL WHERE code = 'L03'",
             "UPDATE line SET writable = 0 WHERE code = 'L03'"),
            ("meter_supplied", "UPDATE meter SET state = 'retired' WHERE number = 'L04-04'",
             "UPDATE meter SET state = 'in_service' WHERE number = 'L04-04'"),
            ("meter_serial", "UPDATE meter SET serial_number = '230946805578' WHERE number = 'L04-04'",
             "UPDATE meter SET serial_number = '230999999999' WHERE number = 'L04-04'"),
            ("state_not_ahead", f"REPLACE INTO meter_state (meter_id, taken_at, stored_at) SELECT ({meter}),"
             " UTC_TIMESTAMP(3) + INTERVAL 1 DAY, UTC_TIMESTAMP(3)", "DELETE FROM meter_state"),
            ("state_of_meter", "SET foreign_key_checks = 0; INSERT INTO meter_state (meter_id, taken_at, stored_at) VALUES"
             " (999999, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3))", "DELETE FROM meter_state WHERE meter_id = 999999"),
            ("order_outcome", "INSERT INTO command (supply_id, meter_id, epoch, kind, origin, state, reason, requested_at,"
             " expires_at, taken_at, sent_at) SELECT id, meter_id, 1, 'trip', 'automatic', 'sent', 'x', t.at, t.at + INTERVAL"
             " 10 MINUTE, t.at, t.at FROM supply, (SELECT UTC_TIMESTAMP(3) - INTERVAL 1 HOUR AS at) t LIMIT 1",
             "DELETE FROM command"),
            ("order_proof", "INSERT INTO command (supply_id, meter_id, epoch, kind, origin, state, reason, requested_at,"
             " expires_at, taken_at, sent_at, ended_at) SELECT id, meter_id, 1, 'trip', 'automatic', 'confirmed', 'x', t.at,"
             " t.at + INTERVAL 10 MINUTE, t.at, t.at, t.at FROM supply, (SELECT UTC_TIMESTAMP(3) AS at) t LIMIT 1",
             "DELETE FROM command"),
            ("order_reason", "INSERT INTO command (supply_id, meter_id, epoch, kind, origin, reason, requested_at, expires_at)"
             " SELECT id, meter_id, 1, 'trip', 'manual', '', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE FROM supply"
             " LIMIT 1", "DELETE FROM command"),
            ("order_meter", "INSERT INTO command (supply_id, meter_id, epoch, kind, origin, reason, requested_at, expires_at)"
             " SELECT s.id, s.meter_id + 1, 1, 'trip', 'automatic', 'x', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE"
             " FROM supply s ORDER BY s.id LIMIT 1", "DELETE FROM command"),
        ]
        for name, break_it, mend_it in mutations:
            with self.subTest(invariant=name):
                self.servers.sql(break_it)
                self.assertRegex(self.servers.ctl("check", status=1), rf"BROKEN F\d+_{name}:")
                self.servers.sql(mend_it)
        self.assertIn("0 broken", self.servers.ctl("check"))


if __name__ == "__main__":
    unittest.main()
