"""Orders against the simulated field: proved by read-back, never sent twice, never passed by a lock-out."""
import concurrent.futures
import unittest
import uuid

import lib
from park import ApiError, Park


class Orders(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # the 7th meter drives an external breaker, the 8th is protected
        cls.park = Park(lines=2, meters=4, external=(6,), protected=(7,), settings={"poller__relay_travel_ms": 3000})
        cls.addClassCleanup(cls.park.stop)
        cls.park.start()
        cls.engineer = cls.park.log_in("engineer")

    def tearDown(self):
        self.park.sim("clear")

    def truth(self, number):
        return self.park.sim("get", meter=number)

    def run_order(self, number, kind, **more):
        command = self.engineer.order(number, kind, **more)
        return self.engineer.ended(command["id"])

    def restore(self, number):
        if self.truth(number)["forced"] != "none":
            self.assertEqual(self.run_order(number, "release")["state"], "confirmed")

    def assert_proved(self, ended):
        self.assertEqual(ended["state"], "confirmed", ended)

    def test_each_order_on_each_link(self):
        for number in (self.park.meters[0], self.park.meters[4]):
            self.assert_proved(self.run_order(number, "trip"))
            self.assertEqual((self.truth(number)["relay"], self.truth(number)["forced"]), ("open", "trip"))
            self.assert_proved(self.run_order(number, "close"))
            self.assertEqual((self.truth(number)["relay"], self.truth(number)["forced"]), ("closed", "none"))
            until = self.park.sql("SELECT DATE_FORMAT(UTC_TIMESTAMP() + INTERVAL 2 HOUR, '%Y-%m-%dT%H:%i:%sZ')")[0][0]
            self.assert_proved(self.run_order(number, "keep_on", keep_on_until_at=until))
            self.assertEqual(self.truth(number)["forced"], "close")
            self.assert_proved(self.run_order(number, "release"))
            self.assertEqual(self.truth(number)["forced"], "none")
            self.assert_proved(self.run_order(number, "read"))
        evidence = self.run_order(self.park.meters[0], "trip")["evidence"]
        self.assertEqual(evidence["relay_after"], "open")
        self.assertEqual(evidence["serial_number"], "202600000001")
        self.assert_proved(self.run_order(self.park.meters[0], "close"))

    def test_an_asked_for_reading_ends_a_freeze_at_once(self):
        number = self.park.meters[2]
        row = self.engineer.meter(number)
        serial = self.truth(number)["serial_number"]
        administrator = self.park.log_in("administrator")

        def unfreeze():
            return administrator.post(f"/supplies/{row['supply_id']}/unfreeze", {"reason": "接线已改正", "unit_number": row["unit_number"]},
                                      str(uuid.uuid4()))
        self.park.sim("set", meter=number, serial_number="202600009999")
        ended = self.run_order(number, "trip")
        self.assertEqual((ended["state"], ended["result_code"]), ("refused", "serial_mismatch"))
        self.assertTrue(self.engineer.meter(number)["frozen"])
        with self.assertRaises(ApiError) as caught:
            unfreeze()
        self.assertEqual(caught.exception.code, "stale")
        self.assert_proved(self.run_order(number, "read"))
        with self.assertRaises(ApiError) as caught:
            unfreeze()
        self.assertEqual(caught.exception.code, "serial_mismatch")
        self.park.sim("set", meter=number, serial_number=serial)
        self.assert_proved(self.run_order(number, "read"))
        self.assertFalse(unfreeze()["frozen"])
        self.assert_proved(self.run_order(number, "trip"))
        self.assert_proved(self.run_order(number, "close"))

    def test_applied_without_an_answer_is_confirmed_by_reading(self):
        number = self.park.meters[1]
        before = self.truth(number)["write_frames"]
        self.park.sim("fault", meter=number, kind="apply_no_answer", function=16, count=1)
        self.assert_proved(self.run_order(number, "trip"))
        self.assertEqual(self.truth(number)["write_frames"], before + 1)
        self.assert_proved(self.run_order(number, "close"))

    def test_applied_with_an_error_answer_is_confirmed_by_reading(self):
        number = self.park.meters[5]
        self.park.sim("fault", meter=number, kind="apply_then_error", function=16, count=1)
        before = self.truth(number)["write_frames"]
        self.assert_proved(self.run_order(number, "trip"))
        self.assertEqual(self.truth(number)["write_frames"], before + 1)
        self.assert_proved(self.run_order(number, "close"))

    def test_a_relay_that_does_not_move_is_refused(self):
        number = self.park.meters[1]
        before = self.truth(number)["write_frames"]
        self.park.sim("fault", meter=number, kind="silent", function=16, count=1)  # the frame is lost on the way
        ended = self.run_order(number, "trip")
        self.assertIn(ended["state"], ("refused", "unknown"))
        self.assertEqual(self.truth(number)["relay"], "closed")
        self.assertLessEqual(self.truth(number)["write_frames"], before + 1)

    def test_silence_after_the_write_is_unknown_and_found_out_later(self):
        number = self.park.meters[4]
        row = self.engineer.meter(number)
        self.park.sim("fault", meter=number, kind="apply_no_answer", function=16, count=1)
        command = self.engineer.order(number, "trip")
        self.park.sim("wait", meter=number, until="forced=trip", timeout_ms=10000)
        self.park.sim("fault", meter=number, kind="silent")
        lib.wait_for("unknown", lambda: self.engineer.get(f"/commands/{command['id']}")["state"] == "unknown", 30)
        self.assertEqual(self.engineer.get(f"/meters/{row['id']}")["supply_id"], row["supply_id"])
        self.park.sim("clear")
        lib.wait_for("confirmed", lambda: self.engineer.get(f"/commands/{command['id']}")["state"] == "confirmed", 60)
        self.restore(number)

    def test_close_in_arrears_is_refused_with_the_reason(self):
        number = self.park.meters[2]
        self.assert_proved(self.run_order(number, "trip"))
        self.park.sim("set", meter=number, balance_fen=-100, overdraft_fen=0)
        ended = self.run_order(number, "close")
        self.assertEqual((ended["state"], ended["result_code"]), ("refused", "arrears"))
        self.assertEqual(self.truth(number)["relay"], "open")
        self.park.sim("set", meter=number, balance_fen=10000)
        self.assert_proved(self.run_order(number, "close"))

    def test_an_external_breaker_is_tripped_by_current_and_closed_by_hand(self):
        number = self.park.meters[6]
        self.park.sim("set", meter=number, load_w=20000)
        ended = self.run_order(number, "trip")
        self.assert_proved(ended)
        self.assertEqual(self.truth(number)["breaker"], "open")
        with self.assertRaises(ApiError) as refused:
            self.engineer.order(number, "close")
        self.assertEqual(refused.exception.code, "close_by_hand")

    def test_the_newest_order_wins(self):
        number = self.park.meters[3]
        self.park.stop_one("poller")
        first = self.engineer.order(number, "trip")
        second = self.engineer.order(number, "release")
        self.assertEqual(self.engineer.get(f"/commands/{first['id']}")["state"], "superseded")
        self.park.start_poller()
        self.assertEqual(self.engineer.ended(second["id"])["state"], "confirmed")
        self.assertEqual(self.truth(number)["relay"], "closed")

    def test_an_expired_order_is_never_sent(self):
        number = self.park.meters[3]
        self.park.stop_one("poller")
        before = self.truth(number)["write_frames"]
        command = self.engineer.order(number, "trip")
        self.park.sql(f"UPDATE command SET requested_at = requested_at - INTERVAL 1 HOUR, expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND"
                      f" WHERE id = {command['id']}")
        self.park.start_poller()
        self.assertEqual(self.engineer.ended(command["id"])["state"], "expired")
        self.assertEqual(self.truth(number)["write_frames"], before)

    def test_without_redis_an_order_is_found_in_the_database(self):
        number = self.park.meters[0]
        session = self.park.sql("SELECT 1")
        self.assertEqual(session, [["1"]])
        meter_id = self.park.meter_id(number)
        self.park.stop_one("redis")
        try:
            self.park.sql(
                "INSERT INTO command (supply_id, meter_id, epoch, kind, origin, reason, requested_at, expires_at)"
                f" SELECT id, meter_id, epoch, 'read', 'manual', 'no redis', UTC_TIMESTAMP(3), UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE"
                f" FROM supply WHERE meter_id = {meter_id}")
            lib.wait_for("the read", lambda: self.park.sql(
                "SELECT state FROM command WHERE reason = 'no redis'") == [["confirmed"]], 20)
        finally:
            self.park.start_redis()
            self.park.sessions.clear()
            type(self).engineer = self.wait_login()

    def wait_login(self):
        def try_it():
            try:
                return self.park.log_in("engineer")
            except (ApiError, AssertionError):
                return None
        return lib.wait_for("a new log-in", try_it, 100, 1.0)

    def test_a_read_only_line_sends_no_write(self):
        number = self.park.meters[5]
        self.park.sql("UPDATE line SET writable = 0 WHERE code = 'L02'")
        try:
            before = self.truth(number)["write_frames"]
            with self.assertRaises(ApiError) as refused:
                self.engineer.order(number, "trip")
            self.assertEqual(refused.exception.code, "read_only_line")
            self.assertEqual(self.truth(number)["write_frames"], before)
        finally:
            self.park.sql("UPDATE line SET writable = 1 WHERE code = 'L02'")

    def test_a_protected_supply_needs_a_second_person(self):
        number = self.park.meters[7]
        answer = self.engineer.order(number, "trip")
        self.assertEqual(answer["kind"], "trip_protected")
        self.assertEqual(self.truth(number)["relay"], "closed")

    def test_a_lock_out_holds_against_everything(self):
        number = self.park.meters[1]
        row = self.engineer.meter(number)
        answer = self.engineer.post(f"/supplies/{row['supply_id']}/lock-outs",
                                    {"reason": "work", "unit_number": row["unit_number"]}, str(uuid.uuid4()))
        self.assert_proved(self.engineer.ended(answer["command"]["id"]))
        self.assertEqual((self.truth(number)["relay"], self.truth(number)["forced"]), ("open", "trip"))
        writes = self.truth(number)["write_frames"]
        until = "2027-01-01T00:00:00Z"
        for kind, more in (("close", {}), ("release", {}), ("keep_on", {"keep_on_until_at": until})):
            with self.assertRaises(ApiError) as refused:
                self.engineer.order(number, kind, **more)
            self.assertIn(refused.exception.code, ("locked_out", "invalid_field"), kind)
        for origin, kind in (("automatic", "close"), ("automatic", "release"), ("keep_on_end", "release"), ("manual", "close")):
            # slipped past the web's guards: the poller asks again under the row lock
            self.park.sql("INSERT INTO command (supply_id, meter_id, epoch, kind, origin, reason, requested_at, expires_at)"
                          f" SELECT id, meter_id, epoch, '{kind}', '{origin}', 'past the guard', UTC_TIMESTAMP(3),"
                          f" UTC_TIMESTAMP(3) + INTERVAL 1 MINUTE FROM supply WHERE id = {row['supply_id']}")
        lib.wait_for("all refused", lambda: self.park.sql(
            "SELECT COUNT(*) FROM command WHERE reason = 'past the guard' AND state IN ('refused', 'superseded')") == [["4"]], 20)
        self.park.sim("foreign_purchase", meter=number, amount_fen=100000)  # a payment does not close it either
        self.assertEqual((self.truth(number)["relay"], self.truth(number)["write_frames"]), ("open", writes))
        lock = self.engineer.get("/lock-outs?state=active")["items"][0]
        self.engineer.post(f"/lock-outs/{lock['id']}/lift", {"reason": "done"}, str(uuid.uuid4()))
        self.assertEqual(self.truth(number)["relay"], "open")
        self.assert_proved(self.run_order(number, "close"))

    def test_twins_are_one_order(self):
        number = self.park.meters[2]
        row = self.engineer.meter(number)
        body, key = {"kind": "read", "reason": "twin"}, str(uuid.uuid4())

        def send(_):
            return self.engineer.post(f"/supplies/{row['supply_id']}/commands", body, key)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            ids = {answer["command"]["id"] for answer in pool.map(send, range(16))}
        self.assertEqual(len(ids), 1)
        with self.assertRaises(ApiError) as refused:
            self.engineer.post(f"/supplies/{row['supply_id']}/commands", {**body, "reason": "other"}, key)
        self.assertEqual(refused.exception.code, "idempotency_conflict")


if __name__ == "__main__":
    unittest.main()
