"""What a provider's message may do to a payment, each verdict, with the rights of the program that hears it."""
import collections
import os
import sys
import unittest
import uuid

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

    def settle(self, number, transaction, amount_fen, currency="CNY", paid=1, driver=0, channel="wechat"):
        answer = self.drivers[driver].call("settle", channel, number, transaction, amount_fen, currency, paid)
        self.assertEqual(answer["rc"], "OK", answer)
        return answer

    def suspense(self, answer):
        return self.one(f"SELECT CONCAT(disposition, ' ', suspense_reason, ' ', amount_fen) FROM payment WHERE id = {answer['payment_id']}")

    def alarms(self):
        """How many alarms about payments were opened, by kind."""
        rows = self.sql("SELECT kind, COUNT(*) FROM alarm WHERE kind LIKE 'payment_%' GROUP BY kind")
        return collections.Counter({kind: int(count) for kind, count in rows})

    def test_each_verdict(self):
        before = self.alarms()
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
        self.assertEqual(self.alarms() - before, {"payment_conflict": 2, "payment_suspense": 4})
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

    def second_way(self, number, channel):
        """The buyer turned from one provider to another: two payments of one purchase."""
        self.sql(f"INSERT INTO payment (order_number, purchase_id, channel, amount_fen, state) SELECT '{number}-2', id, '{channel}',"
                 f" amount_fen, 'open' FROM purchase WHERE number = '{number}'")
        return f"{number}-2"

    def expire(self, number):
        """The order's time is over: the provider was told to close it, and the purchase is cancelled."""
        self.sql(f"UPDATE payment SET state = 'closed' WHERE order_number = '{number}';"
                 f"UPDATE purchase SET state = 'cancelled', ended_at = UTC_TIMESTAMP(3) WHERE number = '{number}'")
        return number

    def purchase_of(self, number):
        return {"id": int(self.one(f"SELECT id FROM purchase WHERE number = '{number}'")), "number": number}

    def applied(self, number):
        """How often the meter itself was charged since it was opened: the field's own truth."""
        return sum(entry["times"] for entry in self.park.sim("get", meter=number)["applied"] if not entry["foreign"])

    def waits(self, answer, code, amount_fen):
        """What the list of all that waits says about this money: a name, an age, whose it is, at most two buttons."""
        items = [item for item in self.clerk.get("/waiting")["items"]
                 if (item["object_kind"], item["object_id"]) == ("payment", answer["payment_id"])]
        self.assertEqual([(item["kind"], item["code"], item["amount_fen"]) for item in items], [("suspense", code, amount_fen)])
        item = items[0]
        self.assertTrue(item["title_zh"] and item["title_en"] and item["team_zh"] and item["team_en"], item)
        self.assertGreaterEqual(item["age_s"], 0)
        self.assertEqual([button["code"] for button in item["buttons"]], ["deliver", "refund"])
        self.clerk.post(f"/payments/{answer['payment_id']}/decision", {"decision": "keep", "reason": "我来处理"}, str(uuid.uuid4()))
        items = [item for item in self.clerk.get("/waiting")["items"] if item["object_id"] == answer["payment_id"]]
        self.assertEqual(items[0]["owner_name"], "Finance")

    def test_each_odd_payment_has_a_name_and_an_owner(self):
        self.have_account("M001")
        before = self.applied("M001")
        late = self.settle(self.expire(self.order(3100)), "O1", 3100)
        self.assertEqual((late["verdict"], late["destination"]), ("settle", "late"))
        self.waits(late, "late", 3100)
        number = self.order(3200)
        self.settle(number, "O2", 3200)
        self.delivered(self.purchase_of(number))
        self.waits(self.settle(number, "O3", 3200), "paid_twice", 3200)
        number = self.order(3300)
        other = self.second_way(number, "alipay")
        first = self.settle(number, "O4", 3300)
        second = self.settle(other, "O4", 3300, channel="alipay")  # the same words from another provider are another payment
        self.assertEqual((first["destination"], second["destination"]), ("deliver", "paid_twice"))
        self.assertEqual(second["delivery_id"], 0)
        self.waits(second, "paid_twice", 3300)
        self.delivered(self.purchase_of(number))
        self.waits(self.settle(self.order(3400), "O5", 3399), "wrong_amount", 3399)
        self.waits(self.settle("O-NOBODY", "O6", 3500), "no_order", 3500)
        elsewhere = self.order(3600)
        self.waits(self.settle(elsewhere, "O7", 3600, channel="alipay"), "no_order", 3600)  # never asked for there
        self.assertEqual(self.one(f"SELECT state FROM payment WHERE order_number = '{elsewhere}'"), "open")
        self.assertEqual(self.applied("M001") - before, 2)

    def test_late_money_reopens_where_the_site_says_so(self):
        self.have_account("M002")
        before = self.applied("M002")
        self.sql("INSERT INTO site_setting (name, value) VALUES ('payment_reopen_late', '1')")
        number = self.expire(self.order(4100, account="M002"))
        answer = self.settle(number, "L1", 4100)
        self.assertEqual((answer["verdict"], answer["destination"]), ("settle", "deliver"))
        page = self.delivered(self.purchase_of(number))
        self.assertEqual((page["payments"][0]["disposition"], page["payments"][0]["suspense_reason"]), ("delivered", None))
        self.assertEqual(self.settle(number, "L1", 4100)["verdict"], "exists")
        self.waits(self.settle(number, "L2", 4100), "paid_twice", 4100)  # reopened once, not twice
        number = self.expire(self.order(4200, account="M002"))
        self.sql("UPDATE site_setting SET value = '0' WHERE name = 'payment_reopen_late'")
        self.waits(self.settle(number, "L3", 4200), "late", 4200)
        self.sql("DELETE FROM site_setting WHERE name = 'payment_reopen_late'")
        self.assertEqual(self.applied("M002") - before, 1)

    def test_late_money_of_a_closed_account_stays_out(self):
        self.sql("INSERT INTO site_setting (name, value) VALUES ('payment_reopen_late', '1')")
        number = self.expire(self.order(4300, account="M002"))
        account = self.one(f"SELECT account_id FROM purchase WHERE number = '{number}'")
        self.sql(f"UPDATE account SET state = 'closed', closed_at = UTC_TIMESTAMP(3) WHERE id = {account}")
        answer = self.settle(number, "L4", 4300)
        self.sql(f"UPDATE account SET state = 'open', closed_at = NULL WHERE id = {account};"
                 "DELETE FROM site_setting WHERE name = 'payment_reopen_late'")
        self.assertEqual(self.suspense(answer), "suspense closed_account 4300")
        self.waits(answer, "closed_account", 4300)

    def test_out_of_bounds(self):
        for amount, transaction in ((0, "X1"), (-1, "X2"), (10**13, "X3"), (100, ""), (100, "X" * 65)):
            answer = self.drivers[0].call("settle", "wechat", "NOBODY", transaction, amount, "CNY", 1)
            self.assertEqual(answer["rc"], "INVALID", answer)


if __name__ == "__main__":
    unittest.main()
