"""Orders: every guard with its code, newest wins, expiry, the poller's three doors, and what a dead poller leaves."""
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flow  # noqa: E402
import lib  # noqa: E402

servers = None
staff = poller = jobs = None
ENGINEER, SECOND, ADMIN = "2:engineer", "3:engineer", "1:administrator"


def setUpModule():
    global servers, staff, poller, jobs
    servers = lib.Servers()
    servers.start_mariadb()
    servers.migrate()
    flow.grant(servers)
    flow.park(servers)
    staff, poller, jobs = (flow.Driver(servers, role) for role in flow.ROLES)


def tearDownModule():
    for driver in (staff, poller, jobs):
        driver.close()
    servers.stop()


def label(supply):
    return f"1F-{100 + supply}" if supply < 10 else "L01-10"


def order(supply, kind, origin="manual", actor=ENGINEER, reason="检修", unit=None, until=0, by=None):
    unit = label(supply) if unit is None else unit
    return (by or staff).call("request", actor, supply, kind, origin, reason, unit, until)


def state(command):
    return servers.sql(f"SELECT state FROM command WHERE id = {command}")[0][0]


def carry(command, result="confirmed", code="", serial=""):
    """What the poller does with one order."""
    taken = poller.call("take", command, "p1")
    if taken["rc"] != "OK":
        return taken
    sent = poller.call("sent", command, "p1")
    if sent["rc"] != "OK":
        return sent
    return poller.call("end", command, "p1", result, code, serial, '{"read_backs":1}')


class Orders(unittest.TestCase):
    def setUp(self):
        flow.clear(servers)
        for driver in (staff, poller, jobs):
            driver.call("configure", 0, 300000)
            driver.call("clock", 0)

    def refused(self, answer, rc, code, field=""):
        self.assertEqual((answer["rc"], answer["code"], answer["field"]), (rc, code, field))
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command"), [["0"]])
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM audit"), [["0"]])

    # ---- guards of the request

    def test_trip_is_written_with_its_audit_row(self):
        answer = order(1, "trip")
        self.assertEqual(answer["rc"], "OK")
        rows = servers.sql("SELECT kind, origin, state, reason, requested_by, meter_id,"
                           " TIMESTAMPDIFF(SECOND, requested_at, expires_at) FROM command")
        self.assertEqual(rows, [["trip", "manual", "pending", "检修", "2", "1", "600"]])
        self.assertEqual(servers.sql("SELECT action, object_kind, object_id, object_label, reason, result FROM audit"),
                         [["command.request", "supply", "1", "1F-101", "检修", "ok"]])

    def test_bad_input_names_its_field(self):
        self.refused(order(1, "trip", reason=""), "INVALID", "invalid_field", "reason")
        self.refused(order(1, "trip", reason="   "), "INVALID", "invalid_field", "reason")
        self.refused(order(1, "trip", reason="长" * 201), "INVALID", "invalid_field", "reason")
        self.refused(order(1, "trip", unit="1F-102"), "INVALID", "invalid_field", "unit_number")
        self.refused(order(1, "trip", unit=""), "INVALID", "invalid_field", "unit_number")
        self.refused(order(1, "close", until=flow.now_ms() + 60000), "INVALID", "invalid_field", "keep_on_until_at")
        for until in (0, flow.now_ms() - 1, flow.now_ms() + 31 * 86400 * 1000):
            self.refused(order(1, "keep_on", until=until), "INVALID", "invalid_field", "keep_on_until_at")
        self.refused(order(1, "keep_on", origin="automatic", actor="jobs", until=flow.now_ms() + 60000), "INVALID",
                     "invalid_field", "kind")

    def test_unknown_supply(self):
        self.refused(order(99, "close"), "NOT_FOUND", "")

    def test_reason_of_200_characters_passes(self):
        self.assertEqual(order(1, "close", reason="长" * 200)["rc"], "OK")

    def test_supply_without_a_unit_is_called_by_its_meter(self):
        self.assertEqual(order(10, "trip", unit="L01-10")["rc"], "OK")

    def test_action_that_the_model_lacks(self):
        self.refused(order(7, "trip"), "REFUSED", "not_offered")
        self.assertEqual(order(7, "read")["rc"], "OK")

    def test_meter_out_of_service(self):
        servers.sql("UPDATE meter SET state = 'retired' WHERE id = 1")
        self.refused(order(1, "read"), "REFUSED", "not_offered")

    def test_experimental_model_needs_the_setting_and_a_simulated_site(self):
        self.refused(order(6, "trip"), "REFUSED", "not_offered")
        staff.call("configure", 1, 300000)
        self.refused(order(6, "trip"), "REFUSED", "not_offered")
        servers.sql("INSERT INTO site_setting (name, value) VALUES ('accept_experimental_models', '1')")
        staff.call("configure", 0, 300000)
        self.refused(order(6, "trip"), "REFUSED", "not_offered")
        staff.call("configure", 1, 300000)
        self.assertEqual(order(6, "trip")["rc"], "OK")

    def test_read_only_line(self):
        for kind in ("trip", "close", "release"):
            self.refused(order(5, kind), "REFUSED", "read_only_line")
        self.assertEqual(order(5, "read")["rc"], "OK")

    def test_frozen_supply(self):
        servers.sql("UPDATE supply SET frozen_reason = 'serial_mismatch' WHERE id = 1")
        for kind in ("trip", "close", "release"):
            self.refused(order(1, kind), "REFUSED", "frozen_supply")
        self.assertEqual(order(1, "read")["rc"], "OK")

    def test_external_breaker_opens_by_order_and_closes_by_hand(self):
        self.refused(order(4, "close"), "REFUSED", "close_by_hand")
        self.refused(order(4, "keep_on", until=flow.now_ms() + 3600000), "REFUSED", "close_by_hand")
        self.assertEqual(order(4, "trip")["rc"], "OK")
        self.assertEqual(order(4, "release")["rc"], "OK")

    def test_automatic_trip_needs_a_fresh_reading(self):
        self.refused(order(1, "trip", origin="automatic", actor="jobs", by=jobs), "REFUSED", "stale")
        flow.read_now(servers, 1, taken_at="UTC_TIMESTAMP(3) - INTERVAL 301 SECOND")
        self.refused(order(1, "trip", origin="automatic", actor="jobs", by=jobs), "REFUSED", "stale")
        flow.read_now(servers, 1)
        self.assertEqual(order(1, "trip", origin="automatic", actor="jobs", by=jobs)["rc"], "OK")

    def test_no_program_trips_a_protected_supply(self):
        flow.read_now(servers, 3)
        self.refused(order(3, "trip", origin="automatic", actor="jobs", by=jobs), "REFUSED", "protected_supply")

    def test_release_that_would_cut_needs_the_number(self):
        flow.read_now(servers, 1, forced="keep_on", status_bits=0xE028)
        self.refused(order(1, "release", unit=""), "INVALID", "invalid_field", "unit_number")
        self.assertEqual(order(1, "release")["rc"], "OK")

    # ---- newest wins

    def test_newer_order_pushes_a_pending_one_aside(self):
        first = order(1, "trip")["command_id"]
        second = order(1, "close")["command_id"]
        self.assertEqual(servers.sql(f"SELECT state, superseded_by FROM command WHERE id = {first}"),
                         [["superseded", str(second)]])
        self.assertEqual(poller.call("take", first, "p1")["rc"], "CONFLICT")
        self.assertEqual(carry(second)["rc"], "OK")

    def test_newer_order_pushes_a_taken_one_aside_before_its_frame(self):
        first = order(1, "trip")["command_id"]
        self.assertEqual(poller.call("take", first, "p1")["rc"], "OK")
        order(1, "close")
        self.assertEqual(poller.call("sent", first, "p1")["rc"], "CONFLICT")
        self.assertEqual(state(first), "superseded")

    def test_newer_order_waits_for_the_read_back_of_a_sent_one(self):
        first = order(1, "trip")["command_id"]
        poller.call("take", first, "p1")
        self.assertEqual(poller.call("sent", first, "p1")["rc"], "OK")
        second = order(1, "close")["command_id"]
        self.assertEqual(state(first), "sent")
        self.assertEqual(poller.call("take", second, "p1")["rc"], "CONFLICT")
        self.assertEqual(poller.call("end", first, "p1", "confirmed", "", "", "{}")["rc"], "OK")
        self.assertEqual(carry(second)["rc"], "OK")
        self.assertEqual(state(second), "confirmed")

    def test_sent_order_that_nobody_ended_becomes_unknown(self):
        first = order(1, "trip")["command_id"]
        poller.call("take", first, "p1")
        poller.call("sent", first, "p1")
        second = order(1, "close")["command_id"]
        poller.call("clock", 121000)
        self.assertEqual(poller.call("take", second, "p2")["rc"], "OK")
        self.assertEqual(state(first), "unknown")

    def test_automatic_never_pushes_a_manual_one_aside(self):
        flow.read_now(servers, 1)
        first = order(1, "close")["command_id"]
        answer = order(1, "trip", origin="automatic", actor="jobs", by=jobs)
        self.assertEqual((answer["rc"], answer["code"]), ("REFUSED", "conflict"))
        self.assertEqual(state(first), "pending")
        self.assertEqual(order(2, "close", origin="automatic", actor="jobs", by=jobs)["rc"], "OK")
        self.assertEqual(order(2, "release")["rc"], "OK")

    def test_reads_do_not_push_switching_aside(self):
        trip = order(1, "trip")["command_id"]
        first = order(1, "read")["command_id"]
        second = order(1, "read")["command_id"]
        self.assertEqual([state(trip), state(first), state(second)], ["pending", "superseded", "pending"])

    # ---- the poller's doors

    def test_life_of_an_order(self):
        command = order(1, "trip")["command_id"]
        self.assertEqual([row["id"] for row in poller.call("scan", 0)["orders"]], [command])
        taken = poller.call("take", command, "p1")
        self.assertEqual((taken["serial_number"], taken["kind"], taken["line_id"]), (flow.SERIAL, "trip", 1))
        self.assertEqual(poller.call("take", command, "p1")["rc"], "CONFLICT")
        self.assertEqual(poller.call("sent", command, "p2")["rc"], "CONFLICT")
        self.assertEqual(poller.call("sent", command, "p1")["rc"], "OK")
        self.assertEqual(poller.call("sent", command, "p1")["rc"], "CONFLICT")
        self.assertEqual(poller.call("end", command, "p1", "confirmed", "", flow.SERIAL,
                                     '{"relay_after":"open"}')["rc"], "OK")
        self.assertEqual(poller.call("end", command, "p1", "refused", "", "", "")["rc"], "CONFLICT")
        self.assertEqual(servers.sql("SELECT state, JSON_VALUE(evidence, '$.relay_after'), taken_at IS NOT NULL,"
                                     " sent_at >= taken_at, ended_at >= sent_at FROM command"),
                         [["confirmed", "open", "1", "1", "1"]])
        self.assertEqual(servers.sql("SELECT action FROM audit ORDER BY id"), [["command.request"], ["command.end"]])
        self.assertEqual(poller.call("scan", 0)["orders"], [])

    def test_expired_order_is_never_sent(self):
        first, second = order(1, "trip")["command_id"], order(2, "trip")["command_id"]
        self.assertEqual(poller.call("take", second, "p1")["rc"], "OK")
        poller.call("clock", 600001)
        self.assertEqual(poller.call("take", first, "p1")["rc"], "EXPIRED")
        self.assertEqual(poller.call("sent", second, "p1")["rc"], "EXPIRED")
        self.assertEqual([state(first), state(second)], ["expired", "expired"])

    def test_orders_nobody_took_expire(self):
        command = order(1, "trip")["command_id"]
        self.assertEqual(jobs.call("expire")["commands"], 0)
        jobs.call("clock", 600001)
        self.assertEqual(jobs.call("expire")["commands"], 1)
        self.assertEqual(state(command), "expired")

    def test_given_back_before_the_frame(self):
        command = order(1, "trip")["command_id"]
        poller.call("take", command, "p1")
        self.assertEqual(poller.call("end", command, "p1", "pending", "", "", "")["rc"], "OK")
        self.assertEqual(state(command), "pending")
        self.assertEqual(carry(command)["rc"], "OK")

    def test_order_of_a_dead_poller_is_taken_over_only_if_unsent(self):
        command = order(1, "trip")["command_id"]
        poller.call("take", command, "old")
        self.assertEqual(poller.call("scan", 0)["orders"], [])
        poller.call("clock", 31000)
        self.assertEqual(poller.call("scan", 0)["orders"], [{"id": command, "state": "pending"}])
        self.assertEqual(poller.call("take", command, "new")["rc"], "OK")
        self.assertEqual(poller.call("sent", command, "old")["rc"], "CONFLICT")
        self.assertEqual(poller.call("sent", command, "new")["rc"], "OK")
        # Sent: from now on it is only read back, never taken.
        self.assertEqual(poller.call("scan", 0)["orders"], [{"id": command, "state": "sent"}])
        self.assertEqual(poller.call("take", command, "third")["rc"], "CONFLICT")
        self.assertEqual(poller.call("end", command, "third", "unknown", "meter_silent", "", "")["rc"], "OK")
        self.assertEqual(poller.call("scan", 0)["orders"], [{"id": command, "state": "unknown"}])
        self.assertEqual(servers.sql("SELECT kind FROM alarm WHERE closed_at IS NULL"), [["command_unknown"]])
        self.assertEqual(poller.call("end", command, "third", "confirmed", "", "", "")["rc"], "OK")
        self.assertEqual(servers.sql("SELECT kind FROM alarm WHERE closed_at IS NULL"), [])

    def test_rules_are_asked_again_at_take_and_before_the_frame(self):
        changes = {
            "read_only_line": "UPDATE line SET writable = FALSE WHERE id = 1",
            "frozen_supply": "UPDATE supply SET frozen_reason = 'other' WHERE id = {supply}",
            "not_offered": "UPDATE meter SET state = 'retired' WHERE id = {supply}",
            "protected_supply": "UPDATE supply SET protected = TRUE WHERE id = {supply}",
        }
        for code, change in changes.items():
            for door in ("take", "sent"):
                flow.clear(servers)
                command = order(1, "trip")["command_id"]
                if door == "sent":
                    self.assertEqual(poller.call("take", command, "p1")["rc"], "OK")
                servers.sql(change.format(supply=1))
                with self.subTest(code=code, door=door):
                    self.assertEqual(poller.call(door, command, "p1")["rc"], "REFUSED")
                    self.assertEqual(servers.sql("SELECT state, result_code, sent_at IS NULL FROM command"),
                                     [["refused", code, "1"]])

    def test_other_meter_at_the_address_freezes_the_supply(self):
        command = order(1, "trip")["command_id"]
        poller.call("take", command, "p1")
        self.assertEqual(poller.call("end", command, "p1", "refused", "serial_mismatch", "999999999999", "")["rc"], "OK")
        self.assertEqual(servers.sql("SELECT frozen_reason, frozen_detail FROM supply WHERE id = 1"),
                         [["serial_mismatch", flow.SERIAL + ", 999999999999"]])
        self.assertEqual(servers.sql("SELECT kind, object_kind, object_id, level FROM alarm"),
                         [["serial_mismatch", "supply", "1", "3"]])
        self.assertEqual(order(1, "trip")["code"], "frozen_supply")
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM audit WHERE action = 'supply.freeze'"), [["1"]])

    # ---- cancel

    def test_cancel_only_while_pending(self):
        command = order(1, "trip")["command_id"]
        self.assertEqual(staff.call("cancel", SECOND, command, "")["rc"], "INVALID")
        self.assertEqual(staff.call("cancel", SECOND, command, "看错了")["rc"], "OK")
        self.assertEqual(state(command), "cancelled")
        self.assertEqual(poller.call("take", command, "p1")["rc"], "CONFLICT")
        command = order(1, "trip")["command_id"]
        poller.call("take", command, "p1")
        self.assertEqual(staff.call("cancel", SECOND, command, "看错了")["rc"], "CONFLICT")
        self.assertEqual(staff.call("cancel", SECOND, 99999, "看错了")["rc"], "NOT_FOUND")

    # ---- lines

    def test_line_made_writable_and_back(self):
        self.assertEqual(staff.call("line", ADMIN, 2, 1, "试运行结束")["rc"], "OK")
        self.assertEqual(order(5, "trip")["rc"], "OK")
        self.assertEqual(staff.call("line", ADMIN, 2, 1, "再来一次")["rc"], "OK")
        self.assertEqual(staff.call("line", ADMIN, 2, 0, "退回")["rc"], "OK")
        self.assertEqual(servers.sql("SELECT action, object_label, before_json FROM audit WHERE object_kind = 'line'"),
                         [["line.set_writable", "L02", '{"writable":false}'],
                          ["line.set_read_only", "L02", '{"writable":true}']])
        self.assertEqual(staff.call("line", ADMIN, 2, 1, "")["rc"], "INVALID")
        self.assertEqual(staff.call("line", ADMIN, 99, 1, "x")["rc"], "NOT_FOUND")

    def test_line_that_is_just_being_made_read_only_holds_the_frame(self):
        command = order(1, "trip")["command_id"]
        poller.call("take", command, "p1")
        other = subprocess.Popen(["mariadb", "--no-defaults", f"--socket={servers.mysql_socket}", "-uroot", "-N", "-n",
                                  lib.DATABASE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        other.stdin.write("START TRANSACTION; UPDATE line SET writable = FALSE WHERE id = 1; SELECT 'held';\n")
        other.stdin.flush()
        self.assertEqual(other.stdout.readline().strip(), "held")
        poller.send("sent", command, "p1")
        lib.wait_for("the frame's transaction to wait", lambda: servers.sql(
            "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'") == [["1"]])
        other.communicate("COMMIT;\n", timeout=10)
        self.assertEqual(poller.receive()["rc"], "REFUSED")
        self.assertEqual(servers.sql("SELECT state, result_code FROM command"), [["refused", "read_only_line"]])

    # ---- many at once

    def test_concurrent_orders_leave_one_standing(self):
        drivers = [flow.Driver(servers, "staff") for _ in range(6)]
        try:
            for round_ in range(10):
                for index, driver in enumerate(drivers):
                    driver.send("request", ENGINEER, 1, ("trip", "close", "release")[index % 3], "manual", "并发", "1F-101")
                for driver in drivers:
                    self.assertIn(driver.receive()["rc"], ("OK", "RETRY"), round_)
        finally:
            for driver in drivers:
                driver.close()
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command WHERE state = 'pending'"), [["1"]])
        newest = servers.sql("SELECT id FROM command ORDER BY id DESC LIMIT 1")
        self.assertEqual(servers.sql("SELECT id FROM command WHERE state = 'pending'"), newest)
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command"),
                         servers.sql("SELECT COUNT(*) FROM audit WHERE action = 'command.request'"))

    def test_two_pollers_never_both_take(self):
        other = flow.Driver(servers, "poller")
        try:
            for _ in range(20):
                command = order(2, "trip")["command_id"]
                poller.send("take", command, "p1")
                other.send("take", command, "p2")
                poller.receive(), other.receive()
                poller.send("sent", command, "p1")
                other.send("sent", command, "p2")
                results = sorted([poller.receive()["rc"], other.receive()["rc"]])
                self.assertEqual(results, ["CONFLICT", "OK"])
                poller.call("end", command, "p1", "confirmed", "", "", "")
        finally:
            other.close()


if __name__ == "__main__":
    unittest.main()
