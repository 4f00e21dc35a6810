"""Import from the command line: dry run, one commit, one undo; nothing is written when anything is wrong."""
import unittest

import ctl

TABLES = ("site", "building", "floor", "unit", "room", "gateway", "line", "meter", "supply")


class Import(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.servers = ctl.Operator()
        cls.servers.migrate_root()

    @classmethod
    def tearDownClass(cls):
        cls.servers.stop()

    def tearDown(self):
        self.servers.sql("SET foreign_key_checks = 0; DELETE FROM command; DELETE FROM field_request;"
                         + "".join(f"DELETE FROM {table};" for table in reversed(TABLES)))

    def counts(self):
        return [self.servers.number(f"SELECT COUNT(*) FROM {table}") for table in TABLES]

    def last_import(self):
        return self.servers.sql("SELECT MAX(id) FROM import")[0][0]

    def test_sample_park_comes_and_goes(self):
        began = self.servers.number("SELECT COALESCE(MAX(id), 0) FROM audit")
        text = self.servers.ctl("import", ctl.PARK, "--dry-run")
        self.assertIn("1156 new, 0 changed, 0 the same, 0 in error", text)
        self.assertEqual(self.counts(), [0] * len(TABLES))
        self.servers.ctl("import", ctl.PARK, "--commit")
        self.assertEqual(self.counts(), [1, 2, 9, 375, 3, 4, 12, 375, 375])
        self.assertEqual(self.servers.number("SELECT COUNT(*) FROM line WHERE writable"), 0)
        self.assertEqual(self.servers.sql("SELECT shop_pinyin, area_dm2, state FROM unit WHERE number = 'B1-101'"),
                         [["qhldxsxcs", "520000", "open"]])
        done = self.last_import()
        self.assertIn("nothing to change", self.servers.ctl("import", ctl.PARK, "--commit"))
        self.assertIn("undone", self.servers.ctl("import", "undo", done, "--reason", "a trial"))
        self.assertEqual(self.counts(), [0] * len(TABLES))
        self.assertIn("not committed", self.servers.ctl("import", "undo", done, "--reason", "again", status=1))
        acts = [row[0] for row in self.servers.sql(
            f"SELECT action FROM audit WHERE object_kind = 'import' AND id > {began} ORDER BY id")]
        self.assertEqual(acts, ["import.check", "import.check", "import.commit", "import.check", "import.undo"])

    def test_one_bad_row_and_nothing_is_written(self):
        path = self.servers.write("bad.csv", "#site,code,name,time_zone\nsite,X,甲,Asia/Shanghai\n"
                                  "#building,code,name\nbuilding,A,\n")
        text = self.servers.ctl("import", path, "--commit", status=1)
        self.assertIn("bad.csv:4: error: building A: column name must not be empty", text)
        self.assertIn("1 rows are in error; nothing was changed", text)
        self.assertEqual(self.counts(), [0] * len(TABLES))

    def test_change_and_undo_give_former_values_back(self):
        self.servers.ctl("import", ctl.PARK, "--commit")
        self.servers.ctl("line", "writable", "L01", "--reason", "test")
        before = self.servers.sql("SELECT number, address FROM meter WHERE number IN ('L01-01', 'L01-02') ORDER BY number")
        path = self.servers.write("change.csv", "#meter,number,address\nmeter,L01-01,2\nmeter,L01-02,1\n"
                                  "#unit,number,shop_name,state\nunit,B1-102,北野粥铺,空置\n"
                                  "#line,code,port\nline,L01,4009\n")
        text = self.servers.ctl("import", path, "--commit")
        self.assertIn("address: 1 → 2", text)
        self.assertEqual(self.servers.sql("SELECT address FROM meter WHERE number = 'L01-01'"), [["2"]])
        self.assertEqual(self.servers.sql("SELECT shop_pinyin, state FROM unit WHERE number = 'B1-102'"), [["byzp", "vacant"]])
        self.assertEqual(self.servers.sql("SELECT port, writable FROM line WHERE code = 'L01'"), [["4009", "0"]])
        self.servers.ctl("import", "undo", self.last_import(), "--reason", "test")
        self.assertEqual(self.servers.sql("SELECT number, address FROM meter WHERE number IN ('L01-01', 'L01-02')"
                                          " ORDER BY number"), before)
        self.assertEqual(self.servers.sql("SELECT shop_name, state FROM unit WHERE number = 'B1-102'"), [["木棉足道", "open"]])
        self.assertEqual(self.servers.sql("SELECT port FROM line WHERE code = 'L01'"), [["4001"]])

    def test_undo_is_refused_while_orders_hang_on_it(self):
        self.servers.ctl("import", ctl.PARK, "--commit")
        self.servers.sql("INSERT INTO command (supply_id, meter_id, epoch, kind, origin, reason, requested_at, expires_at)"
                         " SELECT s.id, s.meter_id, 1, 'read', 'automatic', 'x', UTC_TIMESTAMP(3),"
                         " UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE FROM supply s JOIN meter m ON m.id = s.meter_id"
                         " WHERE m.number = 'L03-05'")
        text = self.servers.ctl("import", "undo", self.last_import(), "--reason", "test", status=1)
        self.assertIn("supply L03-05 has orders and cannot be removed", text)
        self.assertEqual(self.counts()[7], 375)

    def test_undo_is_refused_after_a_later_change(self):
        self.servers.ctl("import", ctl.PARK, "--commit")
        self.servers.sql("UPDATE unit SET shop_name = 'later' WHERE number = 'B1-103'")
        text = self.servers.ctl("import", "undo", self.last_import(), "--reason", "test", status=1)
        self.assertIn("unit B1-103 was changed after the import", text)
        self.assertEqual(self.counts()[3], 375)

    def test_a_moved_meter_with_an_open_order_is_an_error(self):
        self.servers.ctl("import", ctl.PARK, "--commit")
        self.servers.sql("INSERT INTO command (supply_id, meter_id, epoch, kind, origin, reason, requested_at, expires_at)"
                         " SELECT s.id, s.meter_id, 1, 'trip', 'automatic', 'x', UTC_TIMESTAMP(3),"
                         " UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE FROM supply s JOIN meter m ON m.id = s.meter_id"
                         " WHERE m.number = 'L01-03'")
        path = self.servers.write("move.csv", "#meter,number,address\nmeter,L01-03,99\n")
        self.assertIn("L01-03 has an open order or a lock-out", self.servers.ctl("import", path, "--commit", status=1))

    def test_probe_without_a_poller_says_so(self):
        text = self.servers.ctl("import", ctl.PARK, "--probe", "--commit", status=1)
        self.assertIn("paywatt-poller does not run", text)
        self.assertEqual(self.counts()[7], 0)

    def test_not_a_file_and_not_text(self):
        self.assertIn("cannot be opened", self.servers.ctl("import", "/nonexistent.csv", status=1))
        path = self.servers.path("gbk.csv")
        with open(path, "wb") as file:
            file.write("#site,code,name,time_zone\nsite,X,项目,Asia/Shanghai\n".encode("gbk"))
        self.assertIn("line 2 is not UTF-8 text", self.servers.ctl("import", path, status=1))


if __name__ == "__main__":
    unittest.main()
