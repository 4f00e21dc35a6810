"""Park, orders, lock-outs, keep-ons, approvals over HTTP: nginx, paywatt-cgi, MariaDB with the real grants."""
import os
import sys
import time
import unittest
import uuid
from datetime import datetime, timedelta, timezone

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flow  # noqa: E402
import lib  # noqa: E402

servers = None
people = {}
poller = jobs = None
FAR = "2099-01-01T00:00:00Z"


def setUpModule():
    global servers, poller, jobs
    servers = lib.Servers()
    servers.start_mariadb()
    servers.start_redis()
    servers.migrate()
    servers.write_config(cgi__staff_workers=4)
    flow.grant(servers)
    flow.park(servers)
    password_file(servers, "staff")
    servers.start_cgi("staff")
    servers.start_nginx()
    # The park's users 1 .. 4 get a password; an auditor and a clerk come on top.
    servers.sql(f"UPDATE user SET password_hash = '{lib.PASSWORD_HASH}'")
    lib.add_user(servers, "aud", "auditor")
    lib.add_user(servers, "fin", "finance")
    for name in ("adm", "eng", "eng2", "aud", "fin"):
        client = lib.Client(servers.office_port)
        assert client.login(name).status == 200, name
        client.secret, client.codes = client.enrol()
        people[name] = client
    poller, jobs = flow.Driver(servers, "poller"), flow.Driver(servers, "jobs")


def password_file(servers, role):
    path = os.path.join(servers.secret, f"db_{role}")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(servers.passwords[role] + "\n")


def tearDownModule():
    for driver in (poller, jobs):
        driver.close()
    servers.stop()


def iso(**ahead):
    return (datetime.now(timezone.utc) + timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def order(supply, kind, who="eng", key=None, **more):
    body = {"kind": kind, "reason": "检修", "unit_number": f"1F-{100 + supply}", **more}
    return people[who].order(f"/supplies/{supply}/commands", body, key)


def lock(supply, who="eng", **more):
    return people[who].order(f"/supplies/{supply}/lock-outs",
                             {"reason": "检修", "unit_number": f"1F-{100 + supply}", **more})


def carry(command, result="confirmed", code=""):
    assert poller.call("take", command, "p1")["rc"] == "OK"
    assert poller.call("sent", command, "p1")["rc"] == "OK"
    evidence = '{"relay_before":"closed","relay_after":"open","read_backs":2}'
    assert poller.call("end", command, "p1", result, code, flow.SERIAL, evidence)["rc"] == "OK"


class Base(unittest.TestCase):
    def setUp(self):
        flow.clear(servers)
        servers.sql("DELETE FROM meter_parameter; DELETE FROM reading; DELETE FROM line_state; DELETE FROM meter_health")

    def problem(self, answer, status, code, field=None):
        self.assertEqual((answer.status, answer.code), (status, code), answer)
        if field is not None:
            self.assertEqual(answer.json.get("field"), field)

    def get(self, path, who="eng"):
        answer = people[who].get(path)
        self.assertEqual(answer.status, 200, answer)
        return answer.json


class Park(Base):
    def test_tree(self):
        tree = self.get("/tree")
        self.assertEqual([b["name"] for b in tree["buildings"]], ["主楼"])
        self.assertEqual(tree["buildings"][0]["floors"],
                         [{"id": 1, "code": "1F", "name": "一层", "position": 1, "units": 9}])
        self.assertEqual(tree["rooms"], [{"id": 1, "code": "R1", "name": "1#"}])

    def test_meters_whole_and_since(self):
        flow.read_now(servers, 1)
        servers.sql("UPDATE meter_state SET balance_fen = 8650, power_w = 1200, energy_wh = 500000,"
                    " day_start_at = UTC_TIMESTAMP(3) - INTERVAL 3 HOUR, day_start_energy_wh = 490000 WHERE meter_id = 1;"
                    "INSERT INTO meter_parameter (meter_id, read_at, price_flat_e4) VALUES (1, UTC_TIMESTAMP(3), 8650)")
        whole = self.get("/meters")
        self.assertTrue(whole["complete"])
        self.assertEqual(len(whole["items"]), 10)
        row = whole["items"][0]
        self.assertEqual({k: row[k] for k in ("id", "supply_id", "number", "unit_number", "shop_name", "shop_pinyin",
                                              "building_id", "floor_id", "room_id", "line_id", "relay", "forced", "state",
                                              "balance_fen", "balance_energy_wh", "power_w", "energy_wh",
                                              "energy_today_wh", "level", "stale", "protected", "read_only")},
                         {"id": 1, "supply_id": 1, "number": "L01-1", "unit_number": "1F-101", "shop_name": "店1",
                          "shop_pinyin": "d1", "building_id": 1, "floor_id": 1, "room_id": 1, "line_id": 1,
                          "relay": "closed", "forced": "none", "state": "closed", "balance_fen": 8650,
                          "balance_energy_wh": 100000, "power_w": 1200, "energy_wh": 500000, "energy_today_wh": 10000,
                          "level": 0, "stale": False, "protected": False, "read_only": False})
        self.assertEqual(whole["items"][1]["state"], "never")
        self.assertIsNone(whole["items"][1]["balance_energy_wh"])
        self.assertTrue(whole["items"][2]["protected"])
        self.assertTrue(whole["items"][3]["close_by_hand"])
        self.assertTrue(whole["items"][4]["read_only"])
        self.assertEqual((whole["items"][9]["unit_id"], whole["items"][9]["unit_number"]), (None, ""))
        time.sleep(3.2)  # past the overlap of cursors
        cursor = self.get("/meters")["cursor"]
        later = self.get(f"/meters?since={cursor}")
        self.assertEqual((later["complete"], later["items"]), (False, []))
        flow.read_now(servers, 2)
        order(3, "read")
        later = self.get(f"/meters?since={cursor}")
        self.assertEqual([row["id"] for row in later["items"]], [2, 3])
        # Nothing is stored, and yet it changed: its last reading became stale.
        flow.read_now(servers, 2, taken_at="UTC_TIMESTAMP(3) - INTERVAL 299 SECOND")
        servers.sql("UPDATE meter_state SET stored_at = UTC_TIMESTAMP(3) - INTERVAL 299 SECOND WHERE meter_id = 2")
        servers.sql("UPDATE supply SET changed_at = UTC_TIMESTAMP(3) - INTERVAL 1 HOUR")
        cursor = self.get("/meters")["cursor"]
        time.sleep(1.2)
        later = self.get(f"/meters?since={cursor}")
        self.assertEqual([(row["id"], row["state"]) for row in later["items"]], [(2, "stale")])
        self.assertTrue(self.get("/meters?since=1")["complete"])
        self.problem(people["eng"].get("/meters?since=x"), 400, "invalid_field", "since")

    def test_price_of_the_rate_in_force(self):
        self.addCleanup(time.sleep, 0.3)  # the figures that a worker keeps
        flow.read_now(servers, 1)
        servers.sql("UPDATE meter_state SET balance_fen = 10000 WHERE meter_id = 1; UPDATE site SET time_zone = 'Asia/Shanghai';"
                    "INSERT INTO meter_parameter (meter_id, read_at, price_sharp_e4, price_peak_e4, price_flat_e4,"
                    " price_valley_e4) VALUES (1, UTC_TIMESTAMP(3), 12500, 10000, 8000, 4000)")

        def look(zones, table):
            zones = "NULL" if zones is None else f"X'{bytes(zones).ljust(12, bytes(1)).hex()}'"
            table = bytes(table).ljust(42, bytes(1)).hex()
            servers.sql(f"UPDATE meter_parameter SET rate_zones = {zones}, day_table_1 = X'{table}', day_table_2 = X'{'0' * 84}',"
                        " tables_read_at = UTC_TIMESTAMP(3) WHERE meter_id = 1")
            time.sleep(1.1)  # the age of a list that a worker keeps
            page = self.get("/meters/1")
            bands = self.get("/meters/1/readings?from=2026-03-01T16:00:00Z&to=2026-03-02T16:00:00Z")["rate_bands"]
            energy = {self.get("/meters")["items"][0]["balance_energy_wh"], page["balance_energy_wh"]}
            return (page["parameters"]["rate_now"], page["parameters"]["price_now_e4"], energy,
                    [(band["from_minute"], band["to_minute"], band["rate"]) for band in bands])

        self.assertEqual(look(None, [1, 0, 0]), (None, 8000, {125000}, []))  # not read whole: the flat price
        self.assertEqual(look([1, 1, 1], [1, 0, 0]), ("sharp", 12500, {80000}, [(0, 1440, "sharp")]))
        self.assertEqual(look([1, 1, 1], [4, 0, 0]), ("valley", 4000, {250000}, [(0, 1440, "valley")]))
        self.assertEqual(look([1, 1, 1], [4, 0, 0, 4, 60, 8]), (None, 8000, {125000}, []))  # broken
        # the site's 2 March begins at 16:00 UTC; before the first entry the last one holds
        self.assertEqual(look([2, 1, 1, 1, 2, 3], [3, 30, 8, 2, 0, 12])[3], [])  # table 2 is empty, and in use
        self.assertEqual(look([1, 1, 1], [3, 30, 8, 2, 0, 12])[3],
                         [(0, 510, "peak"), (510, 720, "flat"), (720, 1440, "peak")])
        servers.sql("UPDATE meter_parameter SET price_sharp_e4 = NULL, price_peak_e4 = NULL, price_flat_e4 = NULL,"
                    " price_valley_e4 = NULL WHERE meter_id = 1")
        self.assertEqual(look([1, 1, 1], [1, 0, 0])[1:3], (None, {None}))

    def test_state_precedence(self):
        def state(supply):
            return {row["id"]: row["state"] for row in self.get("/meters")["items"]}[supply]

        self.assertEqual(state(1), "never")
        flow.read_now(servers, 1, relay="open")
        self.assertEqual(state(1), "tripped")
        flow.read_now(servers, 1, forced="keep_on")
        self.assertEqual(state(1), "keep_on")
        flow.read_now(servers, 1, taken_at="UTC_TIMESTAMP(3) - INTERVAL 301 SECOND")
        self.assertEqual(state(1), "stale")
        self.assertEqual(lock(1).status, 201)
        self.assertEqual(state(1), "locked_out")
        flow.read_now(servers, 4, relay="open")
        self.assertEqual(state(4), "close_by_hand")
        flow.read_now(servers, 4, relay="open", forced="trip")
        self.assertEqual(state(4), "tripped")

    def test_list_shows_a_change_at_once(self):
        flow.read_now(servers, 1)
        self.get("/meters")
        command = order(1, "trip").json["command"]["id"]
        for _ in range(8):  # whichever worker answers
            self.assertEqual(self.get("/meters")["items"][0]["pending_command"], "trip")
        carry(command)
        flow.read_now(servers, 1, relay="open", forced="trip", status_bits=0)
        for _ in range(8):
            row = self.get("/meters")["items"][0]
            self.assertEqual((row["pending_command"], row["state"]), (None, "tripped"))

    def test_meter_page(self):
        flow.read_now(servers, 1, status_bits=0xE040)
        page = self.get("/meters/1")
        self.assertEqual((page["unit_number"], page["model_code"], page["maturity"], page["address"], page["epoch"]),
                         ("1F-101", "m-accepted", "accepted", 1, 1))
        self.assertEqual((page["line"], page["gateway"]["code"], page["room"], page["building"], page["floor"]),
                         ({"id": 1, "code": "L01", "name": "总线 1", "read_only": False}, "G1", "1#", "主楼", "一层"))
        self.assertEqual((page["live"]["alarm1"], page["live"]["arrears"], page["level"]), (True, False, 1))
        self.assertIsNone(page["parameters"])
        self.assertIsNone(page["lock_out"])
        actions = {action["kind"]: action for action in page["actions"]}
        self.assertTrue(all(action["offered"] for action in actions.values()))
        self.assertTrue(actions["trip"]["needs_unit_number"])
        self.assertFalse(actions["close"]["needs_unit_number"])
        self.assertEqual({a["kind"]: a["why_not"] for a in self.get("/meters/5")["actions"]},
                         {"trip": "read_only_line", "close": "read_only_line", "keep_on": "read_only_line",
                          "release": "read_only_line", "read": None})
        self.assertEqual({a["kind"]: a["why_not"] for a in self.get("/meters/4")["actions"]},
                         {"trip": None, "close": "close_by_hand", "keep_on": "close_by_hand", "release": None,
                          "read": None})
        self.assertTrue({a["kind"]: a for a in self.get("/meters/3")["actions"]}["trip"]["needs_second_person"])
        lock(1)
        page = self.get("/meters/1")
        self.assertEqual((page["lock_out"]["holder_name"], page["lock_out"]["trip_state"]), ("eng", "pending"))
        self.assertEqual({a["kind"]: a["why_not"] for a in page["actions"]}["close"], "locked_out")

    def test_unknown_ids_are_404(self):
        for path in ("/meters/99", "/meters/99/log", f"/meters/99/readings?from={iso(days=-1)}&to={iso()}", "/lines/99",
                     "/commands/99", "/meters/abc"):
            self.problem(people["eng"].get(path), 404, "not_found")
        for path, body in (("/supplies/99/commands", {"kind": "close", "reason": "x"}),
                           ("/supplies/99/lock-outs", {"reason": "x", "unit_number": "y"}),
                           ("/lock-outs/99/lift", {"reason": "x"})):
            self.problem(people["eng"].order(path, body), 404, "not_found")
        self.problem(people["eng"].post("/commands/99/cancel", {"reason": "x"}), 404, "not_found")
        self.problem(people["adm"].order("/lines/99/writable", {"writable": True, "reason": "x"}), 404, "not_found")

    def test_readings(self):
        servers.sql("INSERT INTO reading (meter_id, taken_at, power_w, balance_fen, energy_wh, status_bits)"
                    " SELECT 1, '2026-11-01 00:00:00' + INTERVAL seq * 5 MINUTE, 100 * seq, 1000, 10 * seq, 0xE000"
                    " FROM seq_0_to_11")
        answer = self.get("/meters/1/readings?from=2026-11-01T00:00:00Z&to=2026-11-01T01:00:00Z&step_s=900")
        self.assertEqual(answer["step_s"], 900)
        self.assertEqual([(p["power_w"], p["energy_wh"], p["relay"]) for p in answer["items"]],
                         [(100, 20, "closed"), (400, 50, "closed"), (700, 80, "closed"), (1000, 110, "closed")])
        path = "/meters/1/readings?from=2026-11-01T01:00:00Z&to=2026-11-01T00:00:00Z"
        self.problem(people["eng"].get(path), 400, "invalid_field", "to")
        path = "/meters/1/readings?from=2026-01-01T00:00:00Z&to=2026-11-01T00:00:00Z&step_s=60"
        self.problem(people["eng"].get(path), 400, "invalid_field", "step_s")

    def test_search(self):
        def found(words):
            return [hit["unit_number"] or hit["meter_number"] for hit in self.get("/search?q=" + words)["items"]]

        self.assertEqual(found("1F-103"), ["1F-103"])
        self.assertEqual(found("%E5%BA%973"), ["1F-103"])
        self.assertEqual(found("d7"), ["1F-107"])
        self.assertEqual(found("L01-10"), ["L01-10"])
        self.assertEqual(len(found(flow.SERIAL)), 10)
        self.assertEqual(found("%25"), [])
        self.problem(people["eng"].get("/search?q="), 400, "invalid_field", "q")

    def test_lines_and_gateways(self):
        servers.sql("INSERT INTO line_state (line_id, state, since_at, heartbeat_at, cycle_ms, bound_ms, transactions)"
                    " VALUES (1, 'ok', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 2100, 2000, 7)")
        servers.sql("INSERT INTO line_history (line_id, at, cycle_ms, bound_ms, errors)"
                    " VALUES (1, UTC_TIMESTAMP(3), 2100, 2000, 3)")
        flow.read_now(servers, 1)
        lines = self.get("/lines")["items"]
        self.assertEqual([(l["code"], l["meters"], l["read_only"], l["state"], l["cycle_ratio_percent"]) for l in lines],
                         [("L01", 9, False, "ok", 105), ("L02", 1, True, "never", None)])
        page = self.get("/lines/1")
        self.assertEqual(len(page["meters"]), 9)
        self.assertEqual((page["meters"][0]["state"], page["meters"][1]["state"]), ("closed", "never"))
        self.assertEqual(page["history"][0]["errors"], 3)
        gateways = self.get("/gateways")["items"]
        self.assertEqual((gateways[0]["state"], gateways[0]["lines"], gateways[0]["room"]), ("ok", [1, 2], "1#"))

    def test_line_writable(self):
        body = {"writable": True, "reason": "试运行结束"}
        self.problem(people["eng"].order("/lines/2/writable", body), 403, "forbidden")
        answer = people["adm"].order("/lines/2/writable", body)
        self.assertEqual((answer.status, answer.json["read_only"]), (200, False), answer)
        self.problem(people["adm"].order("/lines/2/writable", {"writable": True}), 400, "invalid_field", "reason")
        self.assertEqual(order(5, "trip").status, 202)

    def test_alarms(self):
        servers.sql("INSERT INTO alarm (kind, object_kind, object_id, level, detail, opened_at, closed_at)"
                    " SELECT 'meter_stale', 'meter', 1, 2, seq, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM seq_1_to_5;"
                    "INSERT INTO alarm (kind, object_kind, object_id, level, opened_at)"
                    " VALUES ('gateway_silent', 'gateway', 1, 3, UTC_TIMESTAMP(3))")
        answer = self.get("/alarms?state=open")
        self.assertEqual([(a["kind"], a["title_zh"], a["level"], a["object_label"]) for a in answer["items"]],
                         [("gateway_silent", "通讯管理机无应答", 3, "网关 1")])
        first = self.get("/alarms?state=closed&limit=2")
        second = self.get(f"/alarms?state=closed&limit=2&cursor={first['next_cursor']}")
        third = self.get(f"/alarms?state=closed&limit=2&cursor={second['next_cursor']}")
        self.assertEqual([a["detail"] for a in first["items"] + second["items"] + third["items"]],
                         ["5", "4", "3", "2", "1"])
        self.assertIsNone(third["next_cursor"])
        self.problem(people["eng"].get("/alarms?cursor=x"), 400, "invalid_field", "cursor")
        self.problem(people["eng"].get("/alarms?limit=201"), 400, "invalid_field", "limit")

    def test_overview(self):
        flow.read_now(servers, 1)
        flow.read_now(servers, 2, relay="open", status_bits=0x0020)
        flow.read_now(servers, 3, taken_at="UTC_TIMESTAMP(3) - INTERVAL 400 SECOND")
        servers.sql("UPDATE meter_state SET power_w = 1000, balance_fen = 100, energy_wh = 5000, day_start_energy_wh = 4000,"
                    " day_start_at = UTC_TIMESTAMP(3) - INTERVAL 2 HOUR")
        servers.sql("INSERT INTO reading (meter_id, taken_at, power_w) SELECT meter_id, UTC_TIMESTAMP(3) - INTERVAL 1 HOUR,"
                    " 700 FROM meter_state")
        carry(order(1, "trip").json["command"]["id"])
        overview = self.get("/overview")
        self.assertEqual(overview["meters"], {"total": 10, "online": 2, "stale": 1, "never": 7})
        self.assertEqual((overview["supplies"]["closed"], overview["supplies"]["tripped"], overview["supplies"]["protected"]),
                         (1, 1, 1))
        self.assertEqual((overview["load_w"], overview["balance_total_fen"], overview["energy_today_wh"]), (2000, 300, 3000))
        self.assertEqual(overview["arrears_count"], 1)
        curve = [point["power_w"] for point in overview["load_curve"]]
        self.assertEqual([power for power in curve if power is not None], [2100])
        self.assertIn(None, curve)
        self.assertEqual(overview["commands_today"], {"confirmed": 1, "refused": 0, "unknown": 0, "pending": 0})
        self.assertIsNotNone(overview["command_p95_ms"])
        self.assertEqual((overview["buildings"][0]["name"], overview["buildings"][0]["units"],
                          overview["buildings"][0]["tripped"]), ("主楼", 9, 1))

    def test_tasks(self):
        flow.read_now(servers, 1, taken_at="UTC_TIMESTAMP(3) - INTERVAL 400 SECOND")
        flow.read_now(servers, 4, relay="open")
        servers.sql("UPDATE supply SET frozen_reason = 'other', frozen_at = UTC_TIMESTAMP(3) WHERE id = 8")
        order(3, "trip")
        lock(2)
        command = order(9, "trip").json["command"]["id"]
        carry(command, "unknown", "no_read_back")
        tasks = {task["kind"]: task for task in self.get("/tasks")["items"]}
        self.assertEqual({kind: (t["object_kind"], t["object_id"], t["severity"]) for kind, t in tasks.items()},
                         {"stale_meter": ("meter", 1, "warning"), "close_by_hand": ("meter", 4, "warning"),
                          "frozen_supply": ("meter", 8, "critical"),
                          "approval": ("approval", tasks["approval"]["object_id"], "warning"),
                          "lock_out": ("lock_out", tasks["lock_out"]["object_id"], "critical"),
                          "unknown_command": ("meter", 9, "critical"), "read_only_line": ("line", 2, "info")})
        self.assertTrue(all(task["since_at"] for task in tasks.values()))
        self.assertEqual(tasks["approval"]["unit_number"], "1F-103")
        # A silent gateway is one task, not one a meter.
        servers.sql("INSERT INTO line_state (line_id, state, since_at, heartbeat_at)"
                    " SELECT id, 'silent', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) FROM line")
        kinds = [task["kind"] for task in self.get("/tasks")["items"]]
        self.assertIn("silent_gateway", kinds)
        self.assertNotIn("stale_meter", kinds)


class Orders(Base):
    def test_order_to_its_proof(self):
        answer = order(1, "trip")
        self.assertEqual(answer.status, 202, answer)
        self.assertIsNone(answer.json["approval"])
        command = answer.json["command"]
        self.assertEqual((command["state"], command["kind"], command["origin"], command["requested_by_name"],
                          command["unit_number"]), ("pending", "trip", "manual", "eng", "1F-101"))
        self.assertGreaterEqual(int(servers.redis("LLEN", "pw:wake:poller:0")), 1)
        carry(command["id"])
        done = self.get(f"/commands/{command['id']}", "aud")
        self.assertEqual((done["state"], done["evidence"]["relay_after"], done["result_text_zh"]), ("confirmed", "open", ""))
        log = self.get("/meters/1/log")["items"]
        self.assertEqual([(i["kind"], i["title"], i["actor_name"], i["state"]) for i in log],
                         [("command", "分闸", "eng", "confirmed")])

    def test_bodies(self):
        self.problem(order(1, "trip", unit_number="1F-102"), 400, "invalid_field", "unit_number")
        self.problem(order(1, "trip", unit_number=None), 400, "invalid_field", "unit_number")
        self.problem(order(1, "boil"), 400, "invalid_field", "kind")
        self.problem(order(1, "trip", reason=""), 400, "invalid_field", "reason")
        self.problem(order(1, "trip", reason="长" * 201), 400, "invalid_field", "reason")
        self.problem(order(1, "trip", extra=1), 400, "invalid_field", "extra")
        self.problem(order(1, "keep_on"), 400, "invalid_field", "keep_on_until_at")
        self.problem(order(1, "keep_on", keep_on_until_at=FAR), 400, "invalid_field", "keep_on_until_at")
        self.problem(people["eng"].post("/supplies/1/commands", {"kind": "close", "reason": "x"}), 400, "bad_request")
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command"), [["0"]])

    def test_refusals_have_their_codes(self):
        self.problem(order(5, "trip"), 409, "read_only_line")
        self.problem(order(7, "trip"), 409, "not_offered")
        self.problem(order(6, "trip"), 409, "not_offered")
        self.problem(order(4, "close"), 409, "close_by_hand")
        servers.sql("UPDATE supply SET frozen_reason = 'other' WHERE id = 1")
        self.problem(order(1, "trip"), 409, "frozen_supply")
        lock(2)
        self.problem(order(2, "close"), 409, "locked_out")

    def test_rights(self):
        for who in ("aud", "fin"):
            for kind in ("trip", "close", "release"):
                self.problem(order(1, kind, who), 403, "forbidden")
            self.problem(order(1, "keep_on", who, keep_on_until_at=iso(hours=1)), 403, "forbidden")
            self.problem(lock(1, who), 403, "forbidden")
        self.problem(order(1, "read", "aud"), 403, "forbidden")
        self.assertEqual(order(1, "read", "fin").status, 202)
        self.assertEqual(lib.Client(servers.office_port).get("/meters").status, 401)

    def test_same_key_is_the_same_order(self):
        key = str(uuid.uuid4())
        first, second = order(1, "trip", key=key), order(1, "trip", key=key)
        self.assertEqual(first.json["command"]["id"], second.json["command"]["id"])
        self.problem(order(1, "close", key=key), 409, "idempotency_conflict")
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command"), [["1"]])

    def test_cancel(self):
        command = order(1, "trip").json["command"]["id"]
        self.problem(people["aud"].post(f"/commands/{command}/cancel", {"reason": "x"}), 403, "forbidden")
        self.assertEqual(people["eng2"].post(f"/commands/{command}/cancel", {"reason": "看错"}).json["state"], "cancelled")
        self.problem(people["eng2"].post(f"/commands/{command}/cancel", {"reason": "看错"}), 409, "conflict")

    def test_list(self):
        ids = [order(1, kind).json["command"]["id"] for kind in ("trip", "close", "trip")]
        order(2, "close")
        page = self.get("/commands?meter_id=1&limit=2")
        self.assertEqual([c["id"] for c in page["items"]], ids[:0:-1])
        rest = self.get(f"/commands?meter_id=1&limit=2&cursor={page['next_cursor']}")
        self.assertEqual([(c["id"], c["state"], c["superseded_by"]) for c in rest["items"]], [(ids[0], "superseded", ids[1])])
        self.assertEqual(len(self.get("/commands?state=pending")["items"]), 2)
        self.problem(people["eng"].get("/commands?state=x"), 400, "invalid_field", "state")

    def test_keep_on(self):
        until = iso(hours=2)
        command = order(1, "keep_on", keep_on_until_at=until).json["command"]
        self.assertEqual(command["keep_on_until_at"], until)
        carry(command["id"])
        items = self.get("/keep-ons")["items"]
        self.assertEqual([(k["supply_id"], k["owner_name"], k["until_at"], k["reason"]) for k in items],
                         [(1, "eng", until, "检修")])
        self.assertEqual(self.get("/meters/1")["keep_on_until_at"], until)


class Freeze(Base):
    def unfreeze(self, who="adm", unit="1F-101", supply=1):
        return people[who].order(f"/supplies/{supply}/unfreeze", {"reason": "已核对", "unit_number": unit})

    def test_freeze_ends_when_record_and_meter_agree(self):
        command = order(1, "trip").json["command"]["id"]
        poller.call("take", command, "p1")
        poller.call("end", command, "p1", "refused", "serial_mismatch", "999999999999", "")
        self.assertTrue(self.get("/meters")["items"][0]["frozen"])
        self.assertEqual(self.get("/alarms?state=open")["items"][0]["kind"], "serial_mismatch")
        self.problem(self.unfreeze("eng"), 403, "forbidden")
        self.problem(self.unfreeze(unit="1F-102"), 400, "invalid_field", "unit_number")
        self.problem(self.unfreeze(), 409, "stale")
        servers.sql("UPDATE meter_parameter SET serial_read_at = UTC_TIMESTAMP(3) + INTERVAL 1 SECOND")
        self.problem(self.unfreeze(), 409, "serial_mismatch")
        servers.sql(f"UPDATE meter_parameter SET serial_number = '{flow.SERIAL}'")
        answer = self.unfreeze()
        self.assertEqual((answer.status, answer.json["frozen"]), (200, False), answer)
        self.problem(self.unfreeze(), 409, "conflict")
        self.problem(self.unfreeze(supply=99), 404, "not_found")
        self.assertEqual(self.get("/alarms?state=open")["items"], [])
        self.assertEqual(servers.sql("SELECT reason FROM audit WHERE action = 'supply.unfreeze'"), [["已核对"]])
        self.assertEqual(order(1, "trip").status, 202)


class Holds(Base):
    def test_lock_out_and_lift(self):
        answer = lock(1)
        self.assertEqual(answer.status, 201, answer)
        lock_out = answer.json["lock_out"]
        self.assertEqual((lock_out["state"], lock_out["trip_state"], answer.json["command"]["origin"]),
                         ("active", "pending", "lock_out"))
        carry(answer.json["command"]["id"])
        self.assertEqual(self.get("/lock-outs?state=active")["items"][0]["trip_state"], "confirmed")
        self.problem(people["eng2"].order(f"/lock-outs/{lock_out['id']}/lift", {"reason": "x"}), 403, "forbidden")
        lifted = people["eng"].order(f"/lock-outs/{lock_out['id']}/lift", {"reason": "完工"})
        self.assertEqual((lifted.status, lifted.json["lock_out"]["state"], lifted.json["approval"]), (200, "lifted", None))
        self.assertEqual(self.get("/lock-outs?state=active")["items"], [])
        self.assertEqual(self.get("/lock-outs?state=lifted")["items"][0]["lifted_by_name"], "eng")
        self.problem(people["eng"].order(f"/lock-outs/{lock_out['id']}/lift", {"reason": "完工"}), 409, "conflict")
        kinds = [(i["kind"], i["title"]) for i in self.get("/meters/1/log")["items"]]
        self.assertEqual(kinds[0], ("lock_out", "解除锁定"))
        self.assertEqual(len(kinds), 3)

    def test_second_person_over_http(self):
        answer = order(3, "trip")
        self.assertEqual((answer.status, answer.json["command"]), (202, None))
        approval = answer.json["approval"]
        self.assertEqual((approval["kind"], approval["state"], approval["unit_number"]), ("trip_protected", "open", "1F-103"))
        self.assertIn("1F-103", approval["summary_zh"])
        self.assertEqual([a["id"] for a in self.get("/approvals?state=open", "aud")["items"]], [approval["id"]])
        approval_id = approval["id"]
        path = f"/approvals/{approval_id}/decision"
        body = {"decision": "approve", "reason": "同意", "totp": "000000"}
        self.problem(people["eng2"].order(path, body), 403, "totp_wrong", "totp")
        self.problem(people["aud"].order(path, body), 403, "forbidden")
        self.assertEqual(self.get("/approvals?state=open")["items"][0]["state"], "open")
        fresh("eng")
        self.problem(people["eng"].order(path, {**body, "totp": lib.totp(people["eng"].secret, 1)}), 403, "forbidden")
        fresh("eng2")
        done = people["eng2"].order(path, {**body, "totp": lib.totp(people["eng2"].secret, 1)})
        self.assertEqual((done.status, done.json["state"], done.json["decided_by_name"]), (200, "approved", "eng2"), done)
        command = self.get(f"/commands/{done.json['command_id']}")
        self.assertEqual((command["kind"], command["state"], command["requested_by_name"]), ("trip", "pending", "eng"))
        self.assertEqual([a["id"] for a in self.get("/approvals?state=decided")["items"]], [approval["id"]])
        fresh("eng2")
        self.problem(people["eng2"].order(path, {**body, "totp": lib.totp(people["eng2"].secret, 1)}), 409, "conflict")

    def test_administrators_lift(self):
        lock_out = lock(1).json["lock_out"]["id"]
        asked = people["adm"].order(f"/lock-outs/{lock_out}/lift", {"reason": "人已下班"})
        self.assertEqual((asked.status, asked.json["lock_out"]), (200, None))
        self.assertIn("检修锁定", asked.json["approval"]["summary_zh"])
        fresh("eng2")
        approval_id = asked.json["approval"]["id"]
        path = f"/approvals/{approval_id}/decision"
        done = people["eng2"].order(path, {"decision": "approve", "reason": "现场确认",
                                           "totp": lib.totp(people["eng2"].secret, 1)})
        self.assertEqual(done.status, 200, done)
        self.assertEqual(self.get("/lock-outs?state=active")["items"], [])

    def test_lock_out_of_a_protected_supply_waits(self):
        answer = lock(3)
        self.assertEqual((answer.status, answer.json["lock_out"], answer.json["command"]), (202, None, None))
        self.assertIn("锁定", answer.json["approval"]["summary_zh"])

    def test_log_pages_do_not_lose_rows_of_one_moment(self):
        servers.sql("INSERT INTO command (supply_id, meter_id, epoch, kind, origin, state, reason, requested_at, expires_at)"
                    " SELECT 1, 1, 1, 'trip', 'automatic', 'expired', seq, '2026-11-01 00:00:00',"
                    " '2026-11-01 00:10:00' FROM seq_1_to_7")
        seen, cursor = [], ""
        while cursor is not None:
            page = self.get(f"/meters/1/log?limit=2{'&cursor=' + cursor if cursor else ''}")
            seen += [item["reason"] for item in page["items"]]
            cursor = page["next_cursor"]
        self.assertEqual(seen, ["7", "6", "5", "4", "3", "2", "1"])


def fresh(name):
    """A step of the second factor is accepted once; the tests are faster than the steps."""
    servers.sql(f"UPDATE user SET totp_last_step = 0 WHERE name = '{name}'")


if __name__ == "__main__":
    unittest.main()
