"""Lock-out against every way a relay can close; keep-ons and their end; the second person."""
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flow  # noqa: E402
import lib  # noqa: E402

servers = None
staff = poller = jobs = None
HOLDER, OTHER, ADMIN, ADMIN2 = "2:engineer", "3:engineer", "1:administrator", "4:administrator"
CLOSING = ("close", "keep_on", "release")


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


def order(supply, kind, origin="manual", actor=HOLDER, by=None):
    until = flow.now_ms() + 3600000 if kind == "keep_on" else 0
    return (by or staff).call("request", actor, supply, kind, origin, "检修", f"1F-{100 + supply}", until)


def lock(supply=1, actor=HOLDER, unit=None):
    return staff.call("lock", actor, supply, "检修配电箱", unit or f"1F-{100 + supply}")


def state(command):
    return servers.sql(f"SELECT state FROM command WHERE id = {command}")[0][0]


def carry(command, result="confirmed"):
    for call in (("take", command, "p1"), ("sent", command, "p1")):
        answer = poller.call(*call)
        if answer["rc"] != "OK":
            return answer
    return poller.call("end", command, "p1", result, "", flow.SERIAL, "{}")


def actions():
    return [row[0] for row in servers.sql("SELECT action FROM audit ORDER BY id")]


def alarms():
    return [row[0] for row in servers.sql("SELECT kind FROM alarm WHERE closed_at IS NULL ORDER BY kind")]


class Base(unittest.TestCase):
    def setUp(self):
        flow.clear(servers)
        for driver in (staff, poller, jobs):
            driver.call("clock", 0)

    def told(self, answer, rc, code=""):
        self.assertEqual((answer["rc"], answer["code"]), (rc, code))


class LockOut(Base):
    def test_lock_out_is_a_row_and_a_trip_in_one_act(self):
        answer = lock()
        self.told(answer, "OK")
        self.assertEqual(servers.sql("SELECT supply_id, holder_id, state, reason FROM lock_out"),
                         [["1", "2", "active", "检修配电箱"]])
        self.assertEqual(servers.sql("SELECT kind, origin, state, lock_out_id FROM command"),
                         [["trip", "lock_out", "pending", str(answer["lock_out_id"])]])
        self.assertEqual(actions(), ["lock_out.create", "command.request"])
        self.told(carry(answer["command_id"]), "OK")
        self.assertEqual(state(answer["command_id"]), "confirmed")

    def test_refused_lock_out_leaves_nothing(self):
        for supply, code in ((5, "read_only_line"), (7, "not_offered")):
            self.told(lock(supply), "REFUSED", code)
        self.told(lock(1, unit="1F-102"), "INVALID", "invalid_field")
        self.told(staff.call("lock", HOLDER, 1, "", "1F-101"), "INVALID", "invalid_field")
        self.told(staff.call("lock", HOLDER, 99, "x", "y"), "NOT_FOUND")
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM lock_out"), [["0"]])
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM audit"), [["0"]])

    def test_second_lock_out_is_refused(self):
        lock()
        self.told(lock(actor=OTHER), "REFUSED", "locked_out")

    def test_no_order_closes_while_it_holds(self):
        flow.read_now(servers, 1)
        lock()
        for kind in CLOSING:
            for actor in (HOLDER, OTHER, ADMIN):
                self.told(order(1, kind, actor=actor), "REFUSED", "locked_out")
        for kind in ("close", "release"):
            for origin in ("automatic", "keep_on_end"):
                self.told(order(1, kind, origin, "jobs", jobs), "REFUSED", "locked_out")
        self.told(order(2, "close"), "OK")

    def test_older_pending_orders_are_pushed_aside(self):
        for kind in CLOSING:
            flow.clear(servers)
            command = order(1, kind)["command_id"]
            lock()
            self.assertEqual(state(command), "superseded", kind)
            self.told(poller.call("take", command, "p1"), "CONFLICT")

    def test_taken_order_does_not_leave(self):
        for kind in CLOSING:
            flow.clear(servers)
            command = order(1, kind)["command_id"]
            self.told(poller.call("take", command, "p1"), "OK")
            lock()
            self.told(poller.call("sent", command, "p1"), "CONFLICT")
            self.assertEqual(servers.sql("SELECT COUNT(*) FROM command WHERE sent_at IS NOT NULL"), [["0"]], kind)

    def test_lock_out_between_take_and_frame_that_superseded_nothing_still_stops_it(self):
        # The row alone must stop it, even if the order were still standing.
        command = order(1, "close")["command_id"]
        self.told(poller.call("take", command, "p1"), "OK")
        servers.sql("INSERT INTO lock_out (supply_id, holder_id, reason, created_at)"
                    " VALUES (1, 2, 'x', UTC_TIMESTAMP(3))")
        self.told(poller.call("sent", command, "p1"), "REFUSED")
        self.assertEqual(servers.sql("SELECT state, result_code FROM command"), [["refused", "locked_out"]])
        flow.clear(servers)
        command = order(1, "close")["command_id"]
        servers.sql("INSERT INTO lock_out (supply_id, holder_id, reason, created_at)"
                    " VALUES (1, 2, 'x', UTC_TIMESTAMP(3))")
        self.told(poller.call("take", command, "p1"), "REFUSED")

    def test_sent_close_is_followed_by_the_trip(self):
        command = order(1, "close")["command_id"]
        poller.call("take", command, "p1")
        self.told(poller.call("sent", command, "p1"), "OK")
        answer = lock()
        self.told(poller.call("take", answer["command_id"], "p1"), "CONFLICT")
        poller.call("end", command, "p1", "confirmed", "", "", "{}")
        self.told(carry(answer["command_id"]), "OK")

    def test_concurrent_lock_out_and_last_check(self):
        other = flow.Driver(servers, "staff")
        try:
            for _ in range(15):
                flow.clear(servers)
                command = order(1, "close")["command_id"]
                poller.call("take", command, "p1")
                poller.send("sent", command, "p1")
                other.send("lock", HOLDER, 1, "x", "1F-101")
                sent, locked = poller.receive()["rc"], other.receive()["rc"]
                self.assertEqual(locked, "OK")
                # Either the frame was committed first, and the trip waits behind it, or it never leaves.
                self.assertIn((sent, state(command)), (("OK", "sent"), ("CONFLICT", "superseded")))
        finally:
            other.close()

    def test_its_trip_is_not_pushed_aside(self):
        answer = lock()
        self.told(order(1, "trip", actor=OTHER), "REFUSED", "locked_out")
        self.told(staff.call("cancel", HOLDER, answer["command_id"], "x"), "CONFLICT")
        carry(answer["command_id"])
        self.told(order(1, "trip", actor=OTHER), "OK")

    def test_unproved_trip_is_an_alarm_until_proved(self):
        answer = lock()
        self.told(carry(answer["command_id"], "refused"), "OK")
        self.assertEqual(alarms(), ["lock_out_not_proved"])
        again = order(1, "trip")["command_id"]
        self.told(carry(again), "OK")
        self.assertEqual(alarms(), [])

    def test_trip_of_a_silent_meter_waits_a_day(self):
        answer = lock()
        poller.call("clock", 23 * 3600 * 1000)
        self.told(poller.call("take", answer["command_id"], "p1"), "OK")

    # ---- lifting

    def test_holder_lifts_at_once_and_nothing_closes(self):
        answer = lock()
        carry(answer["command_id"])
        lifted = staff.call("lift", HOLDER, answer["lock_out_id"], "检修完毕")
        self.assertEqual((lifted["rc"], lifted["approval_id"]), ("OK", 0))
        self.assertEqual(servers.sql("SELECT state, lifted_by, lift_reason FROM lock_out"),
                         [["lifted", "2", "检修完毕"]])
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command WHERE state = 'pending'"), [["0"]])
        self.told(order(1, "close"), "OK")
        self.told(staff.call("lift", HOLDER, answer["lock_out_id"], "再来"), "CONFLICT", "conflict")

    def test_trip_that_never_left_goes_with_the_lock_out(self):
        answer = lock()
        staff.call("lift", HOLDER, answer["lock_out_id"], "不修了")
        self.assertEqual(state(answer["command_id"]), "cancelled")
        answer = lock()
        poller.call("take", answer["command_id"], "p1")
        staff.call("lift", HOLDER, answer["lock_out_id"], "不修了")
        self.told(poller.call("sent", answer["command_id"], "p1"), "REFUSED")
        self.assertEqual(servers.sql(f"SELECT result_code FROM command WHERE id = {answer['command_id']}"),
                         [["lock_out_lifted"]])

    def test_others_do_not_lift(self):
        answer = lock()
        self.told(staff.call("lift", OTHER, answer["lock_out_id"], "x"), "FORBIDDEN", "forbidden")
        self.told(staff.call("lift", HOLDER, 99999, "x"), "NOT_FOUND")
        self.told(staff.call("lift", HOLDER, answer["lock_out_id"], ""), "INVALID", "invalid_field")

    def test_administrator_needs_a_second_person(self):
        answer = lock()
        carry(answer["command_id"])
        asked = staff.call("lift", ADMIN, answer["lock_out_id"], "人已下班")
        self.assertEqual(asked["rc"], "OK")
        self.assertGreater(asked["approval_id"], 0)
        self.assertEqual(servers.sql("SELECT state FROM lock_out"), [["active"]])
        self.told(staff.call("lift", ADMIN2, answer["lock_out_id"], "再问"), "REFUSED", "conflict")
        self.told(order(1, "close"), "REFUSED", "locked_out")
        self.told(staff.call("decide", ADMIN, asked["approval_id"], "approve", "自己批"), "FORBIDDEN", "forbidden")
        self.told(staff.call("decide", OTHER, asked["approval_id"], "approve", "现场已确认"), "OK")
        self.assertEqual(servers.sql("SELECT l.state, l.lifted_by, a.checker_id, a.state FROM lock_out l"
                                     " JOIN approval a ON a.id = l.approval_id"), [["lifted", "1", "3", "approved"]])
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command WHERE state = 'pending'"), [["0"]])
        self.told(staff.call("decide", ADMIN2, asked["approval_id"], "approve", "又批"), "CONFLICT", "conflict")

    def test_administrator_who_lost_the_role_lifts_nothing(self):
        answer = lock()
        asked = staff.call("lift", ADMIN, answer["lock_out_id"], "人已下班")
        try:
            servers.sql("UPDATE user SET role_id = (SELECT id FROM role WHERE code = 'engineer') WHERE id = 1")
            self.told(staff.call("decide", OTHER, asked["approval_id"], "approve", "好"), "FORBIDDEN", "forbidden")
        finally:
            servers.sql("UPDATE user SET role_id = (SELECT id FROM role WHERE code = 'administrator') WHERE id = 1")
        self.assertEqual(servers.sql("SELECT state FROM lock_out"), [["active"]])


class Many(Base):
    def test_everybody_at_once(self):
        """Orders, lock-outs, lifts and two pollers on the same supplies: nobody hears of a lost transaction."""
        dice = random.Random(7)
        drivers = [flow.Driver(servers, "staff") for _ in range(5)] + [flow.Driver(servers, "poller") for _ in range(2)]
        heard = {}
        try:
            for _ in range(60):
                ids = [row[0] for row in servers.sql("SELECT id FROM command WHERE state IN ('pending', 'taken', 'sent')")]
                locks = [row[0] for row in servers.sql("SELECT id FROM lock_out WHERE state = 'active'")]
                for index, driver in enumerate(drivers):
                    supply = dice.choice((1, 2, 8))
                    if index >= 5:
                        command = dice.choice(ids or [1])
                        step = dice.choice(("take", "sent", "end"))
                        more = ("confirmed", "", flow.SERIAL, "{}") if step == "end" else ()
                        driver.send(step, command, f"p{index}", *more)
                    elif index == 0:
                        driver.send("lock", HOLDER, supply, "x", f"1F-{100 + supply}")
                    elif index == 1 and locks:
                        driver.send("lift", HOLDER, dice.choice(locks), "x")
                    else:
                        driver.send("request", OTHER, supply, dice.choice(("trip", "close", "release")), "manual", "x",
                                    f"1F-{100 + supply}", 0)
                for driver in drivers:
                    answer = driver.receive()["rc"]
                    heard[answer] = heard.get(answer, 0) + 1
                self.assertEqual(servers.sql(
                    "SELECT supply_id FROM command WHERE state IN ('pending', 'taken') GROUP BY supply_id"
                    " HAVING COUNT(*) > 1"), [])
                self.assertEqual(servers.sql(
                    "SELECT c.id FROM command c JOIN lock_out l ON l.active_supply = c.supply_id"
                    " WHERE c.state IN ('pending', 'taken') AND c.kind <> 'trip'"), [])
        finally:
            for driver in drivers:
                driver.close()
        self.assertLessEqual(set(heard), {"OK", "REFUSED", "CONFLICT", "NOT_FOUND", "EXPIRED"}, heard)
        self.assertGreater(heard["OK"], 50)
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command"),
                         servers.sql("SELECT COUNT(*) FROM audit WHERE action = 'command.request'"))
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM lock_out"),
                         servers.sql("SELECT COUNT(*) FROM audit WHERE action = 'lock_out.create'"))


class SecondPerson(Base):
    def test_trip_of_a_protected_supply(self):
        asked = order(3, "trip")
        self.assertEqual((asked["rc"], asked["command_id"]), ("OK", 0))
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command"), [["0"]])
        self.told(order(3, "trip", actor=OTHER), "REFUSED", "conflict")
        self.told(staff.call("decide", HOLDER, asked["approval_id"], "approve", "自己批"), "FORBIDDEN", "forbidden")
        done = staff.call("decide", OTHER, asked["approval_id"], "approve", "同意")
        self.told(done, "OK")
        self.assertEqual(servers.sql("SELECT kind, origin, requested_by, approval_id, reason FROM command"),
                         [["trip", "manual", "2", str(asked["approval_id"]), "检修"]])
        self.assertEqual(actions(), ["approval.request", "approval.approve", "command.request"])
        self.told(carry(done["command_id"]), "OK")

    def test_close_of_a_protected_supply_needs_nobody(self):
        answer = order(3, "close")
        self.assertGreater(answer["command_id"], 0)

    def test_number_is_asked_before_the_second_person(self):
        answer = staff.call("request", HOLDER, 3, "trip", "manual", "检修", "1F-101", 0)
        self.told(answer, "INVALID", "invalid_field")
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM approval"), [["0"]])

    def test_lock_out_of_a_protected_supply(self):
        asked = lock(3)
        self.assertEqual((asked["rc"], asked["lock_out_id"], asked["command_id"]), ("OK", 0, 0))
        done = staff.call("decide", OTHER, asked["approval_id"], "approve", "同意")
        self.told(done, "OK")
        self.assertEqual(servers.sql("SELECT holder_id, state FROM lock_out"), [["2", "active"]])
        self.told(carry(done["command_id"]), "OK")

    def test_rejection_and_withdrawal(self):
        asked = order(3, "trip")
        self.told(staff.call("decide", OTHER, asked["approval_id"], "reject", "不行"), "OK")
        self.assertEqual(servers.sql("SELECT state, decision_reason FROM approval"), [["rejected", "不行"]])
        asked = order(3, "trip")
        self.told(staff.call("decide", HOLDER, asked["approval_id"], "reject", "撤回"), "OK")
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command"), [["0"]])

    def test_rules_of_the_moment_hold(self):
        asked = order(3, "trip")
        servers.sql("UPDATE line SET writable = FALSE WHERE id = 1")
        self.told(staff.call("decide", OTHER, asked["approval_id"], "approve", "同意"), "REFUSED", "read_only_line")
        self.assertEqual(servers.sql("SELECT state FROM approval"), [["open"]])
        servers.sql("UPDATE line SET writable = TRUE WHERE id = 1")
        self.told(staff.call("decide", OTHER, asked["approval_id"], "approve", "同意"), "OK")

    def test_too_late(self):
        asked = order(3, "trip")
        staff.call("clock", 7200001)
        jobs.call("clock", 7200001)
        self.told(staff.call("decide", OTHER, asked["approval_id"], "approve", "同意"), "EXPIRED", "expired")
        self.assertEqual(jobs.call("expire")["approvals"], 1)
        self.assertEqual(servers.sql("SELECT state FROM approval"), [["expired"]])
        self.told(order(3, "trip"), "OK")

    def test_two_checkers_at_once(self):
        others = [flow.Driver(servers, "staff") for _ in range(2)]
        try:
            for _ in range(10):
                flow.clear(servers)
                asked = order(3, "trip")
                for driver, who in zip(others, (OTHER, ADMIN2)):
                    driver.send("decide", who, asked["approval_id"], "approve", "同意")
                self.assertEqual(sorted(driver.receive()["rc"] for driver in others), ["CONFLICT", "OK"])
                self.assertEqual(servers.sql("SELECT COUNT(*) FROM command"), [["1"]])
        finally:
            for driver in others:
                driver.close()


class KeepOn(Base):
    def keep_on(self, hours=1):
        command = staff.call("request", HOLDER, 1, "keep_on", "manual", "夜间施工", "",
                             flow.now_ms() + hours * 3600000)["command_id"]
        self.told(carry(command), "OK")
        return command

    def later(self, hours):
        for driver in (poller, jobs):
            driver.call("clock", int(hours * 3600000))

    def rows(self):
        return servers.sql("SELECT state, owner_id FROM keep_on ORDER BY id")

    def test_row_stands_before_the_frame(self):
        command = staff.call("request", HOLDER, 1, "keep_on", "manual", "施工", "", flow.now_ms() + 3600000)["command_id"]
        poller.call("take", command, "p1")
        self.assertEqual(self.rows(), [])
        poller.call("sent", command, "p1")
        self.assertEqual(self.rows(), [["active", "2"]])

    def test_release_is_ordered_at_its_end(self):
        self.keep_on()
        self.assertEqual(jobs.call("keep_on_end")["due"], 0)
        self.later(1.1)
        ended = jobs.call("keep_on_end")
        self.assertEqual(servers.sql(f"SELECT kind, origin, requested_by FROM command WHERE id = {ended['command_id']}"),
                         [["release", "keep_on_end", "NULL"]])
        self.assertEqual(jobs.call("keep_on_end")["command_id"], 0)
        self.told(carry(ended["command_id"]), "OK")
        self.assertEqual(self.rows(), [["ended", "2"]])
        self.assertEqual(jobs.call("keep_on_end")["due"], 0)

    def test_newer_keep_on_replaces_the_older(self):
        self.keep_on()
        self.keep_on(2)
        self.assertEqual(self.rows(), [["ended", "2"], ["active", "2"]])
        self.later(1.1)
        self.assertEqual(jobs.call("keep_on_end")["due"], 0)

    def test_other_order_ends_it(self):
        for kind in ("trip", "close", "release"):
            flow.clear(servers)
            self.keep_on()
            self.told(carry(order(1, kind)["command_id"]), "OK")
            self.assertEqual(self.rows(), [["ended", "2"]], kind)

    def test_lock_out_ends_it_and_its_end_closes_nothing(self):
        self.keep_on()
        locked = lock()
        self.later(1.1)
        # The trip is not carried out yet: the end of the keep-on must wait behind it.
        self.assertEqual(jobs.call("keep_on_end")["command_id"], 0)
        self.told(carry(locked["command_id"]), "OK")
        self.assertEqual(self.rows(), [["ended", "2"]])
        self.assertEqual(jobs.call("keep_on_end")["due"], 0)

    def test_end_does_not_lift_a_forced_trip(self):
        self.keep_on()
        flow.read_now(servers, 1, relay="open", forced="trip", taken_at="UTC_TIMESTAMP(3) + INTERVAL 20 SECOND")
        self.later(1.1)
        self.assertEqual(jobs.call("keep_on_end")["command_id"], 0)
        self.assertEqual(self.rows(), [["ended", "2"]])
        self.assertEqual(servers.sql("SELECT COUNT(*) FROM command WHERE kind = 'release'"), [["0"]])

    def test_release_meets_a_forced_trip_at_the_pollers_door(self):
        self.keep_on()
        self.later(1.1)
        release = jobs.call("keep_on_end")["command_id"]
        flow.read_now(servers, 1, relay="open", forced="trip")
        self.told(poller.call("take", release, "p1"), "REFUSED")

    def test_stuck_end_is_an_alarm_and_tries_again(self):
        self.keep_on()
        servers.sql("UPDATE line SET writable = FALSE WHERE id = 1")
        self.later(1.1)
        self.told(jobs.call("keep_on_end"), "REFUSED")
        self.assertEqual(alarms(), ["keep_on_stuck"])
        servers.sql("UPDATE line SET writable = TRUE WHERE id = 1")
        release = jobs.call("keep_on_end")["command_id"]
        self.assertGreater(release, 0)
        self.told(carry(release), "OK")
        self.assertEqual(alarms(), [])

    def test_keep_on_that_did_not_happen_is_released(self):
        command = staff.call("request", HOLDER, 1, "keep_on", "manual", "施工", "", flow.now_ms() + 3600000)["command_id"]
        poller.call("take", command, "p1")
        poller.call("sent", command, "p1")
        poller.call("end", command, "p1", "refused", "relay_did_not_move", "", "")
        self.later(0.01)
        self.assertGreater(jobs.call("keep_on_end")["command_id"], 0)

    def test_unknown_keep_on_still_ends(self):
        command = staff.call("request", HOLDER, 1, "keep_on", "manual", "施工", "", flow.now_ms() + 3600000)["command_id"]
        poller.call("take", command, "p1")
        poller.call("sent", command, "p1")
        poller.call("end", command, "p1", "unknown", "meter_silent", "", "")
        self.later(1.1)
        self.assertGreater(jobs.call("keep_on_end")["command_id"], 0)


if __name__ == "__main__":
    unittest.main()
