"""Accounts and the counter on a real field: open, sell, refuse, and many at once."""
import os
import sys
import threading
import unittest
import uuid
from urllib.parse import quote

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402
import park as parks  # noqa: E402


class Accounts(money.Case):
    def test_open_books_what_the_meter_holds(self):
        free = self.clerk.get("/supplies?free=true")["items"]
        self.assertIn("M001", [row["meter_number"] for row in free])
        page = self.open_account("M001", "青禾里大型生鲜超市", contact={"role": "manager", "name": "李丽", "phone": "138 0013-8000"})
        self.assertEqual((page["state"], page["kind"], page["units"]), ("open", "prepaid", "1F-001"))
        supply = page["supplies"][0]
        self.assertTrue(supply["epoch_live"])
        self.assertEqual(page["contacts"][0]["phone"], "13800138000")
        epoch = self.sql(f"SELECT open_count, open_balance_fen FROM supply_epoch WHERE supply_id = {supply['supply_id']}")[0]
        self.assertEqual(epoch[0], str(supply["purchase_count"]))
        account = page["id"]
        ledger = self.clerk.get(f"/accounts/{account}/ledger")["items"]
        booked = [row["change_fen"] for row in ledger if row["posting"] == "opening"]
        self.assertEqual(booked, [int(epoch[1])] if int(epoch[1]) else [])
        self.assertEqual(self.one("SELECT shop_name FROM unit WHERE number = '1F-001'"), "青禾里大型生鲜超市")
        self.assertEqual(self.one("SELECT COUNT(*) FROM contact WHERE phone_sealed LIKE '%13800138000%'"), "0")

    def test_look_for(self):
        page = self.open_account("M002", "王记面馆", contact={"role": "owner", "name": "王五", "phone": "13911112222"})
        for words in ("王记", "wjmg", "1F-002", "M002", "13911112222", page["number"]):
            found = self.clerk.get(f"/accounts?query={quote(words)}")["items"]
            self.assertEqual([row["id"] for row in found], [page["id"]], words)
        self.assertEqual(self.clerk.get("/accounts?query=13911112223")["items"], [])
        engineer = self.park.log_in("engineer")
        contact = engineer.get(f"/accounts/{page['id']}")["contacts"][0]
        self.assertEqual((contact["phone"], contact["masked"]), ("*******2222", True))

    def test_life(self):
        row = self.supply("M003")
        page = self.clerk.post("/accounts", {"kind": "prepaid", "name": "预设店", "supply_ids": [row["supply_id"]]}, str(uuid.uuid4()))
        account = page["id"]
        self.assertEqual(page["state"], "prepared")
        self.refused(409, "no_epoch", "supply_id", self.sell, self.supply("M003"), 10000)
        page = self.clerk.post(f"/accounts/{account}/open", None, str(uuid.uuid4()))
        self.assertEqual(page["state"], "open")
        self.refused(409, "wrong_state", "state", self.clerk.post, f"/accounts/{account}/open", None, str(uuid.uuid4()))
        page = self.clerk.post(f"/accounts/{account}/rename", {"name": "新名店", "reason": "改名"}, str(uuid.uuid4()))
        self.assertEqual(page["name"], "新名店")
        more = self.supply("M004")["supply_id"]
        page = self.clerk.post(f"/accounts/{account}/supplies", {"supply_id": more}, str(uuid.uuid4()))
        self.assertEqual(len(page["supplies"]), 2)
        page = self.clerk.post(f"/accounts/{account}/contacts", {"role": "finance", "name": "张三", "phone": "+85291234567"},
                               str(uuid.uuid4()))
        contact = page["contacts"][0]["id"]
        page = self.clerk.post(f"/accounts/{account}/contacts/{contact}/end")
        self.assertEqual(page["contacts"], [])
        heir = self.clerk.post(f"/accounts/{account}/transfer", {"name": "接手店", "reason": "转让"}, str(uuid.uuid4()))
        self.assertEqual((heir["state"], len(heir["supplies"])), ("open", 2))
        self.assertEqual(self.clerk.get(f"/accounts/{page['id']}")["state"], "closed")
        self.refused(409, "account_closed", "account_id", self.clerk.post, f"/accounts/{account}/rename",
                     {"name": "再改", "reason": "x"}, str(uuid.uuid4()))

    def test_refusals(self):
        taken = self.have_account("M001")
        make = lambda **more: self.clerk.post("/accounts", {"kind": "prepaid", "name": "店", "supply_ids": [], **more}, str(uuid.uuid4()))
        self.refused(409, "supply_taken", "supply_ids", make, supply_ids=[taken["supply_id"]])
        self.refused(400, "unknown_supply", "supply_ids", make, supply_ids=[999999])
        self.refused(400, "invalid_field", "name", make, name="")
        self.refused(400, "invalid_field", "name", make, name="   ")
        self.refused(400, "invalid_field", "name", make, name="长" * 81)
        self.refused(400, "invalid_field", "deposit_fen", make, deposit_fen=-1)
        self.refused(400, "invalid_field", "deposit_fen", make, deposit_fen=10**13)
        self.refused(400, "invalid_field", "deposit_fen", make, deposit_fen=10.5)
        self.refused(400, "invalid_field", "ends_at", make, ends_at="2099-01-01T00:00:00Z")
        self.refused(400, "invalid_field", "ends_at", make, kind="temporary")
        self.refused(400, "invalid_field", "ends_at", make, kind="temporary", ends_at="2020-01-01T00:00:00Z")
        self.refused(400, "invalid_field", "kind", make, kind="free")
        self.refused(400, "invalid_field", "phone", make, contact={"role": "owner", "name": "x", "phone": "12345"})
        self.refused(409, "no_supply", "supply_ids", make, open=True)
        number = make()["number"]
        self.refused(409, "number_taken", "number", make, number=number)


class Counter(money.Case):
    def test_sale(self):
        row = self.have_account("M001")
        lib.wait_for("the meter's prices", lambda: self.one("SELECT COUNT(price_flat_e4) FROM meter_parameter") == "4")
        supply = row["supply_id"]
        offer = self.clerk.get(f"/supplies/{supply}/quote?amount_fen=20000")
        self.assertTrue(offer["allowed"], offer)
        self.assertEqual(offer["must_confirm"], [])
        self.assertGreater(offer["energy_wh"], 0)
        purchase = self.sell(row, 20000)
        self.assertIn(purchase["state"], ("paid", "delivered"))
        page = self.clerk.get(f"/purchases/{purchase['id']}")
        shown = ("debt_fen", "usable_fen", "energy_wh", "lines", "priced_by", "tariff_name", "warnings")
        self.assertEqual([page["quote"][name] for name in shown], [offer[name] for name in shown])
        self.assertEqual(page["quote"]["balance_after_fen"], page["quote"]["balance_fen"] + 20000)
        self.assertEqual([step["code"] for step in page["steps"]][:2], ["ordered", "paid"])
        self.assertEqual((page["payments"][0]["state"], page["payments"][0]["amount_fen"]), ("settled", 20000))
        self.assertIsNotNone(page["delivery"])
        self.assertEqual(self.clerk.get(f"/purchases?supply_id={row['supply_id']}")["items"][0]["id"], purchase["id"])
        self.assertEqual(self.one(f"SELECT COUNT(*) FROM audit WHERE action = 'payment.settle' AND object_label = '{purchase['number']}'"), "1")

    def test_slip(self):
        row = self.have_account("M001")
        self.refused(400, "invalid_field", "reference", self.sell, row, 5000, channel="transfer")
        self.sell(row, 5000, channel="transfer", reference="SLIP-1")
        self.refused(409, "reference_used", "reference", self.sell, row, 5000, channel="transfer", reference="SLIP-1")

    def test_refusals(self):
        row = self.have_account("M001")
        for amount in (0, -1, 10**13, 2**63, 12.34, "100", None):
            self.refused(400, "invalid_field", "amount_fen", self.sell, row, amount)
        self.refused(409, "below_minimum", "amount_fen", self.sell, row, 99)
        self.refused(409, "above_maximum", "amount_fen", self.sell, row, 5000001)
        self.refused(409, "wrong_account", "account_id", self.sell, row | {"account_id": 999999}, 10000)
        self.refused(409, "wrong_epoch", "epoch", self.sell, row | {"epoch": 7}, 10000)
        self.refused(400, "invalid_field", "channel", self.sell, row, 10000, channel="wechat")
        self.refused(400, "invalid_field", "warnings_seen", self.sell, row, 10000, warnings_seen=["x"])
        self.refused(404, "not_found", "", self.sell, row | {"supply_id": 999999}, 10000)
        nobody = self.supply("M004")
        self.refused(409, "no_account", "supply_id", self.sell, nobody | {"account_id": row["account_id"]}, 10000)
        self.sql("INSERT INTO site_setting (name, value) VALUES ('purchase_hoard_fen', '1000')")
        self.refused(409, "over_hoard", "amount_fen", self.sell, row, 4000000)
        self.sql("DELETE FROM site_setting WHERE name = 'purchase_hoard_fen'")

    def test_warning_comes_before_money(self):
        row = self.have_account("M002")
        self.sql("UPDATE line SET writable = 0")
        supply = row["supply_id"]
        offer = self.clerk.get(f"/supplies/{supply}/quote?amount_fen=20000")
        self.assertEqual(offer["must_confirm"], ["read_only"])
        self.refused(409, "warning_not_seen", "warnings_seen", self.sell, row, 10000)
        self.assertEqual(self.sell(row, 10000, warnings_seen=["read_only"])["delivery_state"], "pending")
        self.sql("UPDATE line SET writable = 1")

    def test_own_use_buys_nothing(self):
        self.open_account("M003", "公共照明", kind="own_use")
        self.refused(409, "own_use_account", "account_id", self.sell, self.supply("M003"), 10000)

    def test_sixteen_at_once_with_one_key(self):
        row = self.have_account("M001")
        before = int(self.one("SELECT COUNT(*) FROM purchase"))
        key = str(uuid.uuid4())
        numbers = self.at_once([lambda: self.sell(row, 7000, key) for _ in range(16)])
        self.assertEqual(len({answer["number"] for answer in numbers}), 1)
        self.assertEqual(int(self.one("SELECT COUNT(*) FROM purchase")), before + 1)

    def test_two_clerks_at_once(self):
        row = self.have_account("M001")
        others = [self.park.new_session("administrator"), self.clerk]
        before = int(self.one("SELECT COUNT(*) FROM purchase"))
        answers = self.at_once([lambda who=who: self.sell(row, 3000, who=who) for who in others * 4])
        self.assertEqual(len({answer["number"] for answer in answers}), 8)
        self.assertEqual(int(self.one("SELECT COUNT(*) FROM purchase")), before + 8)

    def at_once(self, acts):
        answers, faults = [], []
        gate = threading.Barrier(len(acts))

        def run(act):
            gate.wait()
            try:
                answers.append(act())
            except parks.ApiError as fault:
                faults.append(fault)
        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(faults, [])
        return answers


if __name__ == "__main__":
    unittest.main()
