"""What a provider's message may do to a payment, each verdict, with the rights of the program that hears it."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flow  # noqa: E402
import money  # noqa: E402


class Settle(money.Case):
    meters = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(os.path.join(cls.park.secret, "db_notify"), encoding="ascii") as file:
            cls.park.passwords["notify"] = file.read().strip()
        cls.drivers = [flow.Driver(cls.park, "notify") for _ in range(4)]
        cls.number = 0

    @classmethod
    def tearDownClass(cls):
        for driver in cls.drivers:
            driver.close()
        super().tearDownClass()

    def order(self, amount_fen, state="open", account="M001"):
        """A purchase that waits for a provider, as the phone site makes one."""
        row = self.have_account(account)
        type(self).number += 1
        number = f"W{self.number:05d}"
        self.sql(f"INSERT INTO purchase (number, account_id, supply_id, epoch, mode, amount_fen, state, actor_kind) VALUES"
                 f" ('{number}', {row['account_id']}, {row['supply_id']}, {row['epoch']}, 'meter', {amount_fen}, '{state}', 'tenant');"
                 f"INSERT INTO payment (order_number, purchase_id, channel, amount_fen, state) VALUES"
                 f" ('{number}', LAST_INSERT_ID(), 'wechat', {amount_fen}, 'open')")
        return number

    def settle(self, number, transaction, amount_fen, currency="CNY", paid=1, driver=0):
        answer = self.drivers[driver].call("settle", "wechat", number, transaction, amount_fen, currency, paid)
        self.assertEqual(answer["rc"], "OK", answer)
        return answer

    def suspense(self, answer):
        return self.one(f"SELECT CONCAT(disposition, ' ', suspense_reason, ' ', amount_fen) FROM payment WHERE id = {answer['payment_id']}")

    def test_each_verdict(self):
        number = self.order(5000)
        self.assertEqual(self.settle(number, "", 0, paid=0)["verdict"], "not_paid")
        first = self.settle(number, "T1", 5000)
        self.assertEqual(first["verdict"], "settle")
        self.assertGreater(first["delivery_id"], 0)
        self.assertEqual(self.settle(number, "T1", 5000)["verdict"], "exists")
        self.assertEqual(self.settle(number, "T1", 4999)["verdict"], "conflict")
        again = self.settle(number, "T2", 5000)  # the same order paid a second time
        self.assertEqual((again["verdict"], self.suspense(again)), ("illegal_move", "suspense paid_twice 5000"))
        nobody = self.settle("NOBODY", "T3", 700)
        self.assertEqual((nobody["verdict"], self.suspense(nobody)), ("no_order", "suspense no_order 700"))
        wrong = self.settle(self.order(5000), "T4", 4800)
        self.assertEqual((wrong["verdict"], self.suspense(wrong)), ("wrong_amount", "suspense wrong_amount 4800"))
        foreign = self.order(5000)
        self.assertEqual(self.settle(foreign, "T5", 5000, currency="USD")["verdict"], "wrong_currency")
        self.assertEqual(self.one(f"SELECT state FROM payment WHERE order_number = '{foreign}'"), "open")
        late = self.settle(self.order(5000, "cancelled"), "T6", 5000)
        self.assertEqual((late["verdict"], self.suspense(late)), ("settle", "suspense late 5000"))
        # A provider repeats what it said until it hears success: nothing new comes of it.
        for told, name, transaction, amount in ((again, number, "T2", 5000), (nobody, "NOBODY", "T3", 700)):
            same = self.settle(name, transaction, amount)
            self.assertEqual((same["verdict"], same["payment_id"]), ("exists", told["payment_id"]))
        alarms = self.sql("SELECT kind, COUNT(*) FROM alarm WHERE kind LIKE 'payment_%' AND closed_at IS NULL AND detail <> 'closed_account'"
                          " GROUP BY kind ORDER BY kind")
        self.assertEqual(alarms, [["payment_conflict", "2"], ["payment_suspense", "4"]])
        self.delivered({"id": int(self.one(f"SELECT id FROM purchase WHERE number = '{number}'")), "number": number})

    def test_the_same_message_at_the_same_moment(self):
        for turn in range(5):
            number = self.order(1000, account="M002")
            for driver in self.drivers:
                driver.send("settle", "wechat", number, f"S{turn}", 1000, "CNY", 1)
            verdicts = sorted(driver.receive().get("verdict", "?") for driver in self.drivers)
            self.assertEqual(verdicts, ["exists", "exists", "exists", "settle"])

    def test_closed_account(self):
        number = self.order(2000, account="M002")
        account = self.one(f"SELECT account_id FROM purchase WHERE number = '{number}'")
        self.sql(f"UPDATE account SET state = 'closed', closed_at = UTC_TIMESTAMP(3) WHERE id = {account}")
        answer = self.settle(number, "C1", 2000)
        self.assertEqual(self.suspense(answer), "suspense closed_account 2000")
        self.sql(f"UPDATE account SET state = 'open', closed_at = NULL WHERE id = {account}")

    def test_out_of_bounds(self):
        for amount, transaction in ((0, "X1"), (-1, "X2"), (10**13, "X3"), (100, ""), (100, "X" * 65)):
            answer = self.drivers[0].call("settle", "wechat", "NOBODY", transaction, amount, "CNY", 1)
            self.assertEqual(answer["rc"], "INVALID", answer)


if __name__ == "__main__":
    unittest.main()
