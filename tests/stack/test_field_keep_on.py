"""The end of a keep-on in the field: jobs orders it, the poller carries it out, the meter proves it; locks stay."""
import unittest
import uuid

import lib
from park import Park


class KeepOn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.park = Park(lines=1, meters=4, settings={"poller__relay_travel_ms": 3000})
        cls.addClassCleanup(cls.park.stop)
        cls.park.start()
        cls.engineer = cls.park.log_in("engineer")

    def soon(self, seconds):
        return self.park.sql(f"SELECT DATE_FORMAT(UTC_TIMESTAMP() + INTERVAL {seconds} SECOND,"
                             " '%Y-%m-%dT%H:%i:%sZ')")[0][0]

    def truth(self, number):
        return self.park.sim("get", meter=number)

    def run_order(self, number, kind, **more):
        ended = self.engineer.ended(self.engineer.order(number, kind, **more)["id"])
        self.assertEqual(ended["state"], "confirmed", ended)
        return ended

    def orders(self, number, origin):
        meter = self.park.meter_id(number)
        return self.park.sql(f"SELECT kind, state FROM command WHERE meter_id = {meter} AND origin = '{origin}'")

    def test_release_at_its_end(self):
        number = self.park.meters[0]
        self.run_order(number, "keep_on", keep_on_until_at=self.soon(6))
        self.assertEqual(self.truth(number)["forced"], "close")
        self.assertEqual(len(self.engineer.get("/keep-ons")["items"]), 1)
        lib.wait_for("the release", lambda: self.orders(number, "keep_on_end") == [["release", "confirmed"]], 40)
        self.assertEqual(self.truth(number)["forced"], "none")
        self.assertEqual(self.engineer.get("/keep-ons")["items"], [])

    def test_a_trip_ends_it_and_its_time_closes_nothing(self):
        number = self.park.meters[1]
        self.run_order(number, "keep_on", keep_on_until_at=self.soon(8))
        self.run_order(number, "trip")
        self.assertEqual(self.engineer.get("/keep-ons")["items"], [])
        lib.wait_for("its time", lambda: self.park.sql("SELECT MAX(until_at) < UTC_TIMESTAMP(3) - INTERVAL 4 SECOND"
                                                       " FROM keep_on")[0][0] == "1", 40)
        self.assertEqual((self.truth(number)["relay"], self.truth(number)["forced"]), ("open", "trip"))
        self.assertEqual(self.orders(number, "keep_on_end"), [])

    def test_a_lock_out_outlasts_it(self):
        number = self.park.meters[2]
        self.run_order(number, "keep_on", keep_on_until_at=self.soon(6))
        row = self.engineer.meter(number)
        answer = self.engineer.post(f"/supplies/{row['supply_id']}/lock-outs",
                                    {"reason": "检修", "unit_number": row["unit_number"] or row["number"]},
                                    str(uuid.uuid4()))
        self.assertEqual(self.engineer.ended(answer["command"]["id"])["state"], "confirmed")
        lib.wait_for("its time", lambda: self.park.sql("SELECT MAX(until_at) < UTC_TIMESTAMP(3) - INTERVAL 4 SECOND"
                                                       " FROM keep_on")[0][0] == "1", 40)
        self.assertEqual((self.truth(number)["relay"], self.truth(number)["forced"]), ("open", "trip"))
        lock_out = answer["lock_out"]["id"]
        self.engineer.post(f"/lock-outs/{lock_out}/lift", {"reason": "完工"}, str(uuid.uuid4()))
        self.assertEqual(self.truth(number)["relay"], "open")
        self.run_order(number, "close")
        self.assertEqual((self.truth(number)["relay"], self.truth(number)["forced"]), ("closed", "none"))


if __name__ == "__main__":
    unittest.main()
