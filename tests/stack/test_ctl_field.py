"""What paywattctl and the portal ask of the field: probes of an import, a model test, the audit pages, the end of a keep-on."""
import os
import unittest
import uuid

import lib
from park import ApiError, Park

MODEL = os.path.join(lib.ROOT, "poller", "models", "acrel-dtsy1352.json")


class Field(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.park = Park(lines=2, meters=3)
        cls.addClassCleanup(cls.park.stop)
        cls.park.start()
        cls.staff = cls.park.log_in("administrator")

    def tearDown(self):
        self.park.sim("clear")

    def upload(self, text, name="park.csv"):
        answer = lib.Client.call(self.staff, "POST", "/imports", raw=text.encode(),
                                 headers={"Content-Type": "text/csv", "X-File-Name": name})
        return self.staff.json_of(answer)

    def probe(self, number):
        return self.staff.post(f"/imports/{number}/probe")

    def commit(self, number, key=None):
        return self.staff.post(f"/imports/{number}/commit", None, key or str(uuid.uuid4()))

    def undo(self, number):
        return self.staff.post(f"/imports/{number}/undo", {"reason": "试"}, str(uuid.uuid4()))

    def probed(self, number):
        def look():
            page = self.staff.get(f"/imports/{number}")
            return page if page["state"] != "probing" else None
        return lib.wait_for("the probe", look, 60, 0.2)

    def test_probe_tells_ok_mismatch_and_silent(self):
        self.park.sim("fault", scope="meter", meter="M003", kind="silent")
        page = self.upload("#meter,number,line,address,model,serial_number\n"
                           "meter,M001,L01,1,acrel-dtsy1352,202600000001\n"
                           "meter,M002,L01,2,acrel-dtsy1352,209900000002\n"
                           "meter,M003,L01,3,acrel-dtsy1352,202600000003\n", "%E4%B8%80.csv")
        self.assertEqual(page["file_name"], "一.csv")
        self.assertEqual([row["verdict"] for row in page["rows"]], ["same", "change", "same"])
        asked = self.probe(page["id"])
        self.assertEqual(asked["state"], "probing")
        page = self.probed(page["id"])
        self.assertEqual([row["probe"] for row in page["rows"]], ["ok", "mismatch", "silent"], page)
        self.assertIn("202600000002", page["rows"][1]["probe_text"])
        self.assertEqual((page["state"], page["rows_total"], page["rows_warning"]), ("checked", 3, 2))

    def test_probe_of_a_line_that_is_not_imported_yet(self):
        host, port = self.park.sql("SELECT g.host, l.port FROM line l JOIN gateway g ON g.id = l.gateway_id"
                                   " WHERE l.code = 'L02'")[0]
        self.park.sql("UPDATE line SET enabled = FALSE WHERE code = 'L02'")
        try:
            page = self.upload("#gateway,code,name,host\n" f"gateway,G77,新网关,{host}\n"
                               "#line,code,name,gateway,link,port\n" f"line,L77,新总线,G77,rtu_over_tcp,{int(port) + 1}\n"
                               "#meter,number,line,address,model,serial_number\n"
                               "meter,M777,L77,1,acrel-dtsy1352,202600000777\n")
            self.probe(page["id"])
            page = self.probed(page["id"])
            self.assertEqual(page["rows"][-1]["probe"], "silent", page)
            self.assertEqual(self.park.sql("SELECT COUNT(*) FROM meter WHERE number = 'M777'"), [["0"]])
        finally:
            self.park.sql("UPDATE line SET enabled = TRUE WHERE code = 'L02'")

    def test_upload_commit_and_undo(self):
        page = self.upload("#unit,number,shop_name\nunit,1F-001,北野粥铺\n")
        self.assertEqual(page["rows"][0]["verdict"], "change")
        self.assertNotIn("rows", self.staff.get("/imports")["items"][0])
        key = str(uuid.uuid4())
        done = self.commit(page["id"], key)
        again = self.commit(page["id"], key)
        self.assertEqual((done["state"], again["state"]), ("committed", "committed"))
        self.assertEqual(self.park.sql("SELECT shop_pinyin FROM unit WHERE number = '1F-001'"), [["byzp"]])
        with self.assertRaises(ApiError) as refused:
            self.commit(page["id"])
        self.assertEqual(refused.exception.status, 409)
        undone = self.undo(page["id"])
        self.assertEqual(undone["state"], "undone")
        self.assertEqual(self.park.sql("SELECT shop_name FROM unit WHERE number = '1F-001'"), [["测试店1"]])

    def test_a_bad_file_is_refused_with_its_line(self):
        with self.assertRaises(ApiError) as refused:
            answer = lib.Client.call(self.staff, "POST", "/imports", raw="#site,code\nsite,项".encode("gbk"),
                                     headers={"Content-Type": "text/csv", "X-File-Name": "x.csv"})
            self.staff.json_of(answer)
        self.assertEqual(refused.exception.status, 400)
        self.assertIn("2", refused.exception.problem["detail"])
        page = self.upload("#building,code,name\nbuilding,B,\n")
        self.assertEqual((page["rows_error"], page["rows"][0]["line_number"]), (1, 2))
        with self.assertRaises(ApiError) as refused:
            self.commit(page["id"])
        self.assertEqual(refused.exception.status, 409)
        self.assertIn("第2行", refused.exception.problem["detail"])

    def test_only_administrators_import_and_auditors_read_the_log(self):
        for role, path, allowed in (("engineer", "/imports", False), ("engineer", "/audit", False),
                                    ("auditor", "/audit", True), ("auditor", "/imports", False)):
            with self.subTest(role=role, path=path):
                session = self.park.log_in(role)
                if allowed:
                    self.assertTrue(session.get(path)["items"])
                else:
                    with self.assertRaises(ApiError) as refused:
                        session.get(path)
                    self.assertEqual(refused.exception.status, 403)

    def test_audit_pages_filter_and_verify(self):
        staff = self.park.log_in("auditor")
        first = staff.get("/audit?limit=2")
        self.assertEqual(len(first["items"]), 2)
        second = staff.get(f"/audit?limit=2&cursor={first['next_cursor']}")
        self.assertLess(second["items"][0]["id"], first["items"][1]["id"])
        lines = staff.get("/audit?action=line.&limit=200")["items"]
        self.assertEqual({row["action"] for row in lines}, {"line.set_writable"})
        self.assertEqual(lines[0]["after"], {"writable": True})
        self.assertEqual(staff.get("/audit?actor=nobody-here")["items"], [])
        self.assertEqual(staff.get("/audit?to=2020-01-01T00:00:00Z")["items"], [])
        lib.wait_for("the rows to be chained", lambda: staff.get("/audit?action=line.")["items"][0]["chained"], 10)

        def verdict():
            try:
                return staff.get("/audit/verification")["verdict"]
            except ApiError:
                return None
        self.assertEqual(lib.wait_for("a verdict", verdict, 40, 0.5), "ok")

    def test_model_test_prints_each_point(self):
        text = self.park.ctl("model", "test", MODEL, "--line", "L02", "--address", "1")
        self.assertIn("serial number 202600000004, model code as in the file", text)
        self.assertRegex(text, r"voltage\.a +2\d{5} mV")
        self.assertRegex(text, r"credit\.balance +-?\d+ fen")
        done = self.park.ctl("model", "test", MODEL, "--line", "L02", "--address", "200", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("meter_silent", done.stderr)

    def test_z_a_keep_on_ends_though_redis_was_lost(self):
        engineer = self.park.log_in("engineer")
        row = engineer.meter("M005")
        until = self.park.sql("SELECT DATE_FORMAT(UTC_TIMESTAMP(3) + INTERVAL 12 SECOND, '%Y-%m-%dT%H:%i:%s.000Z')")[0][0]
        given = engineer.give(row, {"kind": "keep_on", "reason": "test", "keep_on_until_at": until})
        self.assertEqual(engineer.ended(given["command"]["id"])["state"], "confirmed")
        self.park.redis("FLUSHALL")
        lib.wait_for("the release", lambda: self.park.sql(
            "SELECT state FROM command WHERE origin = 'keep_on_end'") == [["confirmed"]], 60)
        lib.wait_for("the end of the row", lambda: self.park.sql("SELECT state FROM keep_on") == [["ended"]], 20)
        self.park.sessions.clear()
        type(self).staff = self.park.log_in("administrator")


class WrongFile(unittest.TestCase):
    def test_a_park_goes_and_comes_back_under_a_running_poller(self):
        park = Park(lines=2, meters=3)
        self.addCleanup(park.stop)
        park.start()
        self.assertIn("undone", park.ctl("import", "undo", "1", "--reason", "wrong file"))
        self.assertEqual(park.sql("SELECT (SELECT COUNT(*) FROM meter), (SELECT COUNT(*) FROM meter_state)"), [["0", "0"]])
        park.import_park()
        park.wait_read()
        self.assertIsNone(park.processes["poller"].poll())
        self.assertIn("0 broken", park.ctl("check"))


if __name__ == "__main__":
    unittest.main()
