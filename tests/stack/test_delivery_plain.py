"""A paid purchase reaches its meter exactly once: the plain road, on each link, and what makes it wait."""
import unittest

import lib
from park import Park
from pay import Till


class Plain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.park = Park(lines=2, meters=4, external=(6,), settings={"poller__relay_travel_ms": 3000})
        cls.addClassCleanup(cls.park.stop)
        cls.park.start_field()
        cls.till = Till(cls.park)
        cls.till.open(*cls.park.meters)

    def tearDown(self):
        self.park.sim("clear")

    def test_each_link_takes_a_purchase(self):
        for number in (self.park.meters[0], self.park.meters[4]):
            before = self.park.sim("get", meter=number)
            purchase = self.till.buy(number, 12345)
            row = self.till.ended(purchase)
            self.assertEqual((row["state"], row["sends"]), ("confirmed", "1"), row)
            after = self.park.sim("get", meter=number)
            self.assertEqual(after["count"], before["count"] + 1)
            self.assertEqual(after["credits"], before["credits"] + 1)
            self.assertNotEqual(self.park.sql(f"SELECT power_at FROM purchase WHERE id = {purchase}"), [["NULL"]])
            self.assertEqual(self.park.sql(f"SELECT disposition FROM payment WHERE purchase_id = {purchase}"), [["delivered"]])
        self.till.check(self)

    def test_several_purchases_of_one_meter_go_one_after_the_other(self):
        number = self.park.meters[1]
        first = self.park.sim("get", meter=number)["count"]
        purchases = [self.till.buy(number, 1000 + i, wake=False) for i in range(4)]
        self.till.wake()
        counts = [int(self.till.ended(purchase)["purchase_count"]) for purchase in purchases]
        self.assertEqual(counts, [first + 1 + i for i in range(4)])
        self.till.check(self)


if __name__ == "__main__":
    unittest.main()
