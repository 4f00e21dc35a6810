"""Closing an account 销户 on a real field: meters emptied and off, deposit and debts settled, money out, nothing left; crashes between."""
import os
import signal
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import flow  # noqa: E402
import lib  # noqa: E402
import money  # noqa: E402

WRITE = 32


def key():
    return str(uuid.uuid4())


class Close(money.Case):
    meters = 16
    lines = 1
    settings = {"poller__slow_read_s": 10, "poller__relay_travel_ms": 3000}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.turn = 0

    def setUp(self):
        self.number = self.park.meters[type(self).turn]
        type(self).turn += 1
        self.park.sim("set", meter=self.number, balance_fen=30000, load_w=0)
        self.read_again(self.number)

    def tearDown(self):
        self.park.sim("clear")
        self.sql("UPDATE line SET writable = 1")
        super().tearDown()

    def truth(self, number=None):
        return self.park.sim("get", meter=number or self.number)

    def read_again(self, number):
        """Until the database has what the meter says now."""
        want = str(self.truth(number)["balance_fen"])
        lib.wait_for(f"a reading of {number}", lambda: self.sql(
            f"SELECT s.balance_fen FROM meter_state s JOIN meter m ON m.id = s.meter_id WHERE m.number = '{number}'") == [[want]], 60, 0.1)

    def account(self, numbers=None, **more):
        body = {"kind": "prepaid", "name": "要走的店", "open": True,
                "supply_ids": [self.supply(number)["supply_id"] for number in numbers or [self.number]],
                "contact": {"role": "owner", "name": "王", "phone": "13800000001"}, **more}
        return self.clerk.post("/accounts", body, key())["id"]

    def ask(self, account, payout="counter", reason="租约到期", **more):
        return self.clerk.post(f"/accounts/{account}/close", {"payout": payout, "reason": reason, **more}, key())

    def page(self, account):
        return self.clerk.get(f"/accounts/{account}/close")

    def reaches(self, account, state, seconds=60):
        def look():
            page = self.page(account)
            return page if page["close"] and page["close"]["state"] == state else None
        try:
            return lib.wait_for(f"closing of {account} to be {state}", look, seconds, 0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.page(account)}") from None

    def agreed(self, account, **more):
        page = self.ask(account, **more)
        self.decide(page["close"]["approval_id"])
        return page

    def cancel(self, page, reason="续租"):
        close = page["close"]["id"]
        return self.clerk.post(f"/closes/{close}/cancel", {"reason": reason}, key())

    def retry(self, page, supply=None):
        close, supply = page["close"]["id"], supply or self.supply(self.number)["supply_id"]
        return self.clerk.post(f"/closes/{close}/supplies/{supply}/retry", None, key())

    def pay(self, page, amount_fen, channel="cash", **more):
        close = page["close"]["id"]
        return self.clerk.post(f"/closes/{close}/pay", {"amount_fen": amount_fen, "channel": channel, **more}, key())

    def balance(self, code, number=None, channel=None):
        """What stands on the credit side of a ledger account."""
        owner = f"a.supply_id = {self.supply(number)['supply_id']}" if number else f"a.channel = '{channel}'" if channel else "TRUE"
        return int(self.one("SELECT COALESCE(SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)), 0) FROM ledger_account a"
                            f" JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) WHERE a.code = '{code}' AND {owner}"))

    def is_vacant(self, number=None):
        number = number or self.number
        self.assertIsNone(self.supply(number)["account_id"])
        self.assertEqual(self.sql("SELECT u.state, u.shop_name FROM unit u JOIN supply s ON s.unit_id = u.id JOIN meter m"
                                  f" ON m.id = s.meter_id WHERE m.number = '{number}'"), [["vacant", ""]])
        self.assertEqual((self.balance("tenant_liability", number), self.balance("adjustment_clearing", number)), (0, 0))

    # ---- the whole way

    def test_with_deposit_and_purchase(self):
        account = self.account(deposit_fen=50000, deposit_channel="cash")
        cash = self.balance("receivable", channel="cash")
        self.delivered(self.sell(self.supply(self.number), 10000))
        self.read_again(self.number)
        page = self.ask(account)
        self.assertEqual((page["close"]["state"], page["balance_fen"], page["deposit_fen"], page["refund_fen"]),
                         ("asked", 40000, 50000, 90000))
        item = next(one for one in self.clerk.get("/approvals?state=open")["items"] if one["id"] == page["close"]["approval_id"])
        self.assertEqual(item["kind"], "close_account")
        for part in ("要走的店", "400.00", "500.00", "900.00"):
            self.assertIn(part, item["summary_zh"])
        self.park.sim("set", meter=self.number, balance_fen=39000)  # used meanwhile
        self.decide(page["close"]["approval_id"])
        page = self.reaches(account, "settled")
        truth = self.truth()
        self.assertEqual((truth["balance_fen"], truth["forced"], truth["relay"]), (0, "trip", "open"))
        sheet = page["supplies"][0]
        self.assertEqual([sheet[name] for name in ("opening_fen", "paid_in_fen", "used_fen", "corrected_fen", "taken_fen", "end_balance_fen")],
                         [30000, 10000, 1000, 0, 39000, 39000])
        self.assertEqual((sheet["end_count"], sheet["end_typed"], sheet["wait"]), (truth["count"], False, "done"))
        self.assertIsNotNone(sheet["end_read_at"])
        close = page["close"]
        self.assertEqual([close[name] for name in ("taken_fen", "deposit_fen", "debt_fen", "refund_fen", "channel_fen", "counter_fen")],
                         [39000, 50000, 0, 89000, 0, 89000])
        self.refused(409, "account_closing", "account_id", self.sell, self.supply(self.number), 1000)
        self.refused(409, "wrong_amount", "amount_fen", self.pay, page, 89001)
        self.refused(400, "invalid_field", "reference", self.pay, page, 89000, "transfer")
        self.pay(page, 89000)
        page = self.reaches(account, "closed")
        self.assertEqual((page["close"]["counter_channel"], page["close"]["counter_by_name"]), ("cash", "Finance"))
        self.assertEqual(cash - self.balance("receivable", channel="cash"), 10000 - 89000)
        shown = self.clerk.get(f"/accounts/{account}")
        self.assertEqual((shown["state"], shown["supplies"], shown["contacts"]), ("closed", [], []))
        self.assertIsNotNone(shown["closed_at"])
        self.is_vacant()
        self.refused(409, "account_closed", "account_id", self.ask, account)
        self.assertIn(page["close"]["id"], [one["id"] for one in self.clerk.get("/closes?state=closed")["items"]])
        self.next_tenant()

    def next_tenant(self):
        """Somebody else takes the unit; what the meter says then is where the books begin."""
        self.park.sim("set", meter=self.number, balance_fen=-250)
        self.read_again(self.number)
        account = self.account(name="新来的店")
        self.assertEqual(self.balance("tenant_liability", self.number), -250)
        engineer = self.park.log_in("engineer")
        self.sell(self.supply(self.number), 5000)
        lib.wait_for("the money in the meter", lambda: self.truth()["balance_fen"] == 4750, 30, 0.1)
        self.assertEqual(engineer.ended(engineer.order(self.number, "close")["id"])["state"], "confirmed")
        self.assertEqual(self.clerk.get(f"/accounts/{account}")["state"], "open")

    def test_debt_is_taken_from_the_deposit(self):
        account = self.account(deposit_fen=20000)
        self.park.sim("set", meter=self.number, balance_fen=-1234)
        self.agreed(account)
        page = self.reaches(account, "settled")
        self.assertEqual(self.truth()["balance_fen"], 0)
        self.assertEqual([page["close"][name] for name in ("taken_fen", "debt_fen", "refund_fen", "counter_fen")], [0, 1234, 18766, 18766])
        self.assertEqual((page["supplies"][0]["used_fen"], page["supplies"][0]["end_balance_fen"]), (31234, -1234))
        self.pay(page, 18766, "transfer", reference="BANK-1")
        self.reaches(account, "closed")
        self.is_vacant()

    def test_debt_is_paid_at_the_counter(self):
        account = self.account()
        self.park.sim("set", meter=self.number, balance_fen=-900)
        self.agreed(account)
        page = self.reaches(account, "settled")
        self.assertEqual((page["close"]["refund_fen"], page["close"]["counter_fen"]), (-900, -900))
        cash = self.balance("receivable", channel="cash")
        self.pay(page, 900)
        self.assertEqual(cash - self.balance("receivable", channel="cash"), 900)
        self.reaches(account, "closed")
        self.is_vacant()

    def test_nothing_to_pay(self):
        account = self.account()
        self.park.sim("set", meter=self.number, balance_fen=0)
        self.agreed(account)
        page = self.reaches(account, "closed")
        self.assertEqual(page["close"]["refund_fen"], 0)
        self.refused(409, "wrong_state", "state", self.pay, page, 1)
        self.is_vacant()

    def test_many_supplies_one_stays_on(self):
        others = [self.park.meters[type(self).turn], self.park.meters[type(self).turn + 1]]
        type(self).turn += 2
        for other in others:
            self.park.sim("set", meter=other, balance_fen=1100, load_w=0)
            self.read_again(other)
        numbers = [self.number, *others]
        account = self.account(numbers)
        kept = self.supply(others[0])["supply_id"]
        self.refused(400, "invalid_field", "stays_on", self.ask, account, stays_on=[999999])
        self.refused(400, "invalid_field", "vacant_until", self.ask, account, stays_on=[kept])
        self.refused(400, "invalid_field", "vacant_until", self.ask, account, stays_on=[kept], vacant_until="2020-01-01T00:00:00Z")
        self.refused(400, "invalid_field", "vacant_until", self.ask, account, vacant_until="2099-01-01T00:00:00Z")
        until = self.one("SELECT DATE_FORMAT(UTC_TIMESTAMP() + INTERVAL 2 DAY, '%Y-%m-%dT%H:%i:%sZ')")
        self.agreed(account, stays_on=[kept], vacant_until=until)
        page = self.reaches(account, "settled")
        self.assertEqual(page["close"]["refund_fen"], 30000 + 2 * 1100)
        self.pay(page, 32200)
        self.reaches(account, "closed")
        for number in numbers:
            self.is_vacant(number)
        def kept_on():
            truth = self.truth(others[0])
            return (truth["forced"], truth["relay"]) == ("close", "closed")
        try:
            lib.wait_for("the vacant supply to be kept on", kept_on, 30, 0.1)
        except AssertionError as error:
            orders = self.sql(f"SELECT kind, state, result_code FROM command WHERE supply_id = {kept}")
            raise AssertionError(f"{error}: {orders} {self.truth(others[0])}") from None
        self.assertEqual([self.truth(number)["forced"] for number in (self.number, others[1])], ["trip", "trip"])
        self.assertEqual([one["owner_name"] for one in self.park.log_in("engineer").get("/keep-ons")["items"]
                          if one["supply_id"] == kept], ["Finance"])

    def test_back_to_the_payers_first(self):
        account = self.account()
        purchase = self.delivered(self.sell(self.supply(self.number), 7000))
        # As if it had come through a provider: its books say so everywhere.
        self.sql(f"UPDATE payment SET channel = 'wechat' WHERE purchase_id = {purchase['id']};"
                 "INSERT IGNORE INTO ledger_account (code, channel) VALUES ('receivable', 'wechat');"
                 f"UPDATE payment_event e JOIN payment p ON p.id = e.payment_id SET e.channel = 'wechat' WHERE p.purchase_id = {purchase['id']};"
                 "UPDATE transfer t JOIN payment p ON p.id = t.object_id AND t.object_kind = 'payment' SET t.debit_id ="
                 " (SELECT id FROM ledger_account WHERE code = 'receivable' AND channel = 'wechat')"
                 f" WHERE p.purchase_id = {purchase['id']}")
        self.agreed(account, payout="channel")
        page = self.reaches(account, "settled")
        self.assertEqual([(one["channel"], one["amount_fen"], one["state"]) for one in page["refunds"]], [("wechat", 7000, "approved")])
        self.assertEqual((page["close"]["channel_fen"], page["close"]["counter_fen"]), (7000, 30000))
        self.pay(page, 30000)
        refund = page["refunds"][0]["id"]
        self.refused(409, "not_at_counter", "channel", self.clerk.post, f"/refunds/{refund}/pay", None, key())
        self.assertEqual(self.page(account)["close"]["state"], "settled")  # the provider has not paid it yet
        # What the provider's answer will write.
        self.sql(f"START TRANSACTION; UPDATE refund SET state = 'succeeded', submitted_at = UTC_TIMESTAMP(3), ended_at = UTC_TIMESTAMP(3)"
                 f" WHERE id = {refund}; INSERT IGNORE INTO ledger_account (code, channel) VALUES ('refund_payable', 'wechat');"
                 "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)"
                 f" SELECT 'close_refunded', 'refund', {refund}, d.id, c.id, 7000, UTC_TIMESTAMP(3) FROM ledger_account d, ledger_account c"
                 " WHERE d.code = 'settlement' AND c.code = 'refund_payable' AND c.channel = 'wechat';"
                 "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)"
                 f" SELECT 'refund_paid', 'refund', {refund}, d.id, c.id, 7000, UTC_TIMESTAMP(3) FROM ledger_account d, ledger_account c"
                 " WHERE d.code = 'refund_payable' AND d.channel = 'wechat' AND c.code = 'receivable' AND c.channel = 'wechat'; COMMIT")
        self.reaches(account, "closed")
        self.is_vacant()

    # ---- refused

    def test_what_is_open_is_named(self):
        account = self.account()
        row = self.supply(self.number)
        self.refused(400, "invalid_field", "reason", self.ask, account, reason=" ")
        self.refused(404, "not_found", "", self.ask, 999999)
        prepared = self.clerk.post("/accounts", {"kind": "prepaid", "name": "未开", "supply_ids": []}, key())["id"]
        self.refused(409, "wrong_state", "state", self.ask, prepared)
        self.sql("UPDATE line SET writable = 0")
        purchase = self.sell(row, 2000, warnings_seen=["read_only"])
        problem = self.refused(409, "on_its_way", "purchase_id", self.ask, account)
        self.assertIn(purchase["number"], problem["detail"])
        self.assertIn("20.00", problem["detail"])
        self.assertEqual([(one["kind"], one["name"]) for one in self.page(account)["blockers"]], [("on_its_way", purchase["number"])])
        self.sql("UPDATE line SET writable = 1")
        self.delivered(purchase)
        order = f"PX{account}"
        self.sql(f"INSERT INTO purchase (number, account_id, supply_id, epoch, mode, amount_fen, actor_kind) SELECT '{order}', {account},"
                 f" id, epoch, 'meter', 100, 'tenant' FROM supply WHERE id = {row['supply_id']}")
        self.assertIn(order, self.refused(409, "open_purchase", "purchase_id", self.ask, account)["detail"])
        self.sql(f"UPDATE purchase SET state = 'cancelled' WHERE number = '{order}'")
        approval = self.clerk.post(f"/supplies/{row['supply_id']}/adjustments", {"kind": "refund", "amount_fen": 100, "reason": "x"}, key())
        self.refused(409, "open_adjustment", "adjustment_id", self.ask, account)
        self.decide(approval["id"], "reject", "不")
        self.sql(f"UPDATE supply SET frozen_reason = 'other', frozen_at = UTC_TIMESTAMP(3) WHERE id = {row['supply_id']}")
        self.refused(409, "frozen_supply", "supply_id", self.ask, account)
        self.sql(f"UPDATE supply SET frozen_reason = NULL, frozen_at = NULL WHERE id = {row['supply_id']}")
        page = self.ask(account)
        self.refused(409, "account_closing", "account_id", self.ask, account)
        self.refused(409, "account_closing", "account_id", self.clerk.post, f"/accounts/{account}/transfer",
                     {"name": "别人", "reason": "过户"}, key())
        self.refused(409, "account_closing", "account_id", self.sell, self.supply(self.number), 1000)
        self.assertEqual(self.clerk.get(f"/supplies/{row['supply_id']}/quote?amount_fen=1000")["why_not"], "account_closing")
        self.decide(page["close"]["approval_id"], "reject", "还没搬走")
        self.assertIsNone(self.page(account)["close"])
        self.delivered(self.sell(self.supply(self.number), 1000))  # it buys again

    def test_called_off(self):
        account = self.account()
        page = self.ask(account)
        self.cancel(page)
        self.assertIsNone(self.page(account)["close"])
        self.assertEqual(self.one(f"SELECT state FROM approval WHERE id = {page['close']['approval_id']}"), "rejected")
        self.refused(409, "wrong_state", "state", self.cancel, page)
        self.park.sim("fault", meter=self.number, kind="silent", count="forever")
        page = self.agreed(account)
        self.refused(409, "wrong_state", "supply_id", self.retry, page)
        self.refused(400, "unknown_supply", "supply_id", self.retry, page, 999999)
        self.cancel(page)
        self.park.sim("clear")
        self.assertEqual(self.truth()["balance_fen"], 30000)
        lib.wait_for("no trip left behind", lambda: self.truth()["forced"] == "none" and self.truth()["relay"] == "closed", 60, 0.1)
        self.delivered(self.sell(self.supply(self.number), 1000, warnings_seen=["silent", "stale"]), 90)

    def test_after_a_write_it_goes_on_to_the_end(self):
        account = self.account()
        self.park.sim("fault", meter=self.number, kind="silent", function=WRITE, count="forever")
        page = self.agreed(account)
        lib.wait_for("a write", lambda: self.page(account)["supplies"][0]["wait"] == "write", 60, 0.1)
        self.refused(409, "money_left", "state", self.cancel, page)
        self.refused(409, "wrong_state", "supply_id", self.type, page, self.number)
        self.park.sim("clear")
        self.pay(self.reaches(account, "settled"), 30000)
        self.reaches(account, "closed")

    def test_a_relay_that_sticks_is_tried_again(self):
        account = self.account()
        self.park.sim("set", meter=self.number, relay_stuck=1)
        page = self.agreed(account)
        lib.wait_for("a refusal", lambda: self.page(account)["supplies"][0]["wait"] == "refused", 60, 0.1)
        self.assertEqual(self.truth()["balance_fen"], 30000)
        self.park.sim("set", meter=self.number, relay_stuck=0)
        self.retry(page)
        self.refused(409, "wrong_state", "supply_id", self.retry, page)
        self.pay(self.reaches(account, "settled"), 30000)
        self.reaches(account, "closed")

    # ---- a dead meter

    def type(self, page, number, supply=None, **more):
        body = {"balance_fen": 28000, "count": 0, "energy_wh": 10**12, "evidence_sha256": money.PAPER, "reason": "表无显示前照片", **more}
        close, supply = page["close"]["id"], supply or self.supply(number)["supply_id"]
        return self.clerk.post(f"/closes/{close}/supplies/{supply}/typed", body, key())

    def test_a_dead_meter_is_typed(self):
        account = self.account()
        self.park.sim("fault", meter=self.number, kind="silent", count="forever")
        page = self.agreed(account)
        self.refused(400, "invalid_field", "evidence_sha256", self.type, page, self.number, evidence_sha256="z" * 64)
        self.refused(400, "no_document", "evidence_sha256", self.type, page, self.number, evidence_sha256="5a" * 32)
        self.refused(400, "invalid_field", "count", self.type, page, self.number, count=65536)
        self.refused(400, "below_last_reading", "energy_wh", self.type, page, self.number, energy_wh=0)
        self.refused(400, "unknown_supply", "supply_id", self.type, page, self.number, supply=999999)
        approval = self.type(page, self.number)
        self.assertIn("280.00", approval["summary_zh"])
        self.decide(approval["id"])
        page = self.reaches(account, "settled")
        sheet = page["supplies"][0]
        self.assertEqual((sheet["end_typed"], sheet["evidence_sha256"], sheet["used_fen"], sheet["taken_fen"]), (True, money.PAPER, 2000, 28000))
        self.pay(page, 28000)
        self.reaches(account, "closed")
        self.assertEqual(self.truth()["balance_fen"], 30000)  # nothing was written, so the supply is frozen
        self.assertTrue(self.supply(self.number)["frozen"])
        self.sql(f"UPDATE supply SET frozen_reason = NULL, frozen_at = NULL WHERE id = {self.supply(self.number)['supply_id']}")

    # ---- crashes

    def test_the_poller_dies_between_all_steps(self):
        account = self.account()
        self.park.stop_one("poller", signal.SIGKILL)
        self.agreed(account)
        for point in ("mb.pre_write", "mb.post_write", "adj.pre_commit", "adj.post_commit"):
            self.park.start_poller(failpoint=f"{point}=kill")
            process = self.park.processes["poller"]
            lib.wait_for(f"the end at {point}", lambda: process.poll() is not None, 60, 0.05)
            self.assertEqual(process.returncode, -signal.SIGKILL, point)
        self.park.start_poller()
        page = self.reaches(account, "settled")
        self.assertEqual((self.truth()["balance_fen"], page["close"]["refund_fen"]), (0, 30000))
        self.pay(page, 30000)
        self.reaches(account, "closed")

    def test_jobs_die_before_the_commit(self):
        account = self.account()
        self.park.stop_one("jobs", signal.SIGKILL)
        self.agreed(account)
        for point, state in (("close.pre_settle", "emptying"), ("close.pre_close", "settled")):
            self.park.start("jobs", [self.park.program("jobs/paywatt-jobs"), "--config", self.park.ini], env={"PW_FAILPOINT": f"{point}=kill@1"})
            process = self.park.processes["jobs"]
            if state == "settled":
                self.pay(self.reaches(account, "settled"), 30000)
            lib.wait_for(f"the end at {point}", lambda: process.poll() is not None, 60, 0.05)
        self.park.start_jobs()
        self.reaches(account, "closed")
        self.is_vacant()

    # ---- money that comes too late

    def test_a_payment_after_closing_waits_in_suspense(self):
        account = self.account()
        self.sql(f"INSERT INTO purchase (number, account_id, supply_id, epoch, mode, amount_fen, state, actor_kind) SELECT 'PL{account}', {account},"
                 f" id, epoch, 'meter', 5000, 'cancelled', 'tenant' FROM supply WHERE id = {self.supply(self.number)['supply_id']};"
                 "INSERT INTO payment (order_number, purchase_id, channel, merchant, amount_fen, state)"
                 f" VALUES ('PL{account}', LAST_INSERT_ID(), 'wechat', '', 5000, 'closed')")
        self.agreed(account)
        self.pay(self.reaches(account, "settled"), 30000)
        self.reaches(account, "closed")
        with open(os.path.join(self.park.secret, "db_notify"), encoding="ascii") as file:
            self.park.passwords["notify"] = file.read().strip()
        driver = flow.Driver(self.park, "notify")  # with the rights of the program that hears it
        try:
            answer = driver.call("settle", "wechat", f"PL{account}", f"T{account}", 5000, "CNY", 1)
        finally:
            driver.close()
        self.assertEqual((answer["rc"], answer["verdict"], answer["delivery_id"]), ("OK", "settle", 0))
        item = next(one for one in self.clerk.get("/waiting")["items"] if one["kind"] == "suspense")
        self.assertEqual((item["code"], item["amount_fen"]), ("closed_account", 5000))
        self.assertEqual(self.balance("tenant_liability", self.number), 0)
        self.assertEqual(self.clerk.get(f"/accounts/{account}")["state"], "closed")


if __name__ == "__main__":
    unittest.main()
