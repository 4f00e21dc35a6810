"""The phone site: what an amount gets, ordering, and following the money; the pay sticker. Jobs and providers are played by SQL."""
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402
import tenant  # noqa: E402

OWNER = "13800000001"
PAYER = "13700000007"


class Buy(money.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        case = cls()
        cls.first, cls.second = cls.park.meters[:2]
        for number in (cls.first, cls.second):
            case.open_account(number, f"店{number}", contact={"role": "owner", "name": "李", "phone": OWNER, "locale": "zh-CN"})
        cls.rows = [case.supply(number) for number in (cls.first, cls.second)]
        cls.me = tenant.log_in(cls.park, OWNER)

    def setUp(self):
        tenant.forget_limits(self.park)
        self.offer_providers()

    def offer_providers(self, state="up", age_s=0):
        self.sql(f"""REPLACE INTO pay_channel (channel, merchant, scenes, state, checked_at)
                     VALUES ('wechat', 'main', 'qr,phone,in_app', '{state}', UTC_TIMESTAMP(3) - INTERVAL {age_s} SECOND)""")

    def order(self, row, amount_fen=5000, who=None, key=None, **more):
        body = {"supply_id": row["supply_id"], "amount_fen": amount_fen, "channel": "wechat", "scene": "phone", **more}
        return (who or self.me).order("/purchases", body, key)

    def test_01_quote_says_energy_and_never_moves_money(self):
        before = self.books()
        quote = self.me.get(f"/quote?supply_id={self.rows[0]['supply_id']}&amount_fen=5000").json
        self.assertTrue(quote["allowed"])
        self.assertGreater(quote["energy_wh"], 0)
        self.assertEqual(quote["usable_fen"] + quote["debt_fen"], 5000)
        self.assertEqual(self.me.get("/quote?supply_id=987654&amount_fen=5000").status, 404)
        answer = self.me.get(f"/quote?supply_id={self.rows[0]['supply_id']}&amount_fen=0")
        self.assertEqual((answer.status, answer.json["field"]), (400, "amount_fen"))
        self.assertEqual(self.books(), before)

    def test_02_an_order_waits_for_jobs_and_is_there_once(self):
        key = str(uuid.uuid4())
        answer = self.order(self.rows[0], key=key)
        self.assertEqual(answer.status, 202, answer)
        purchase = answer.json
        self.assertEqual((purchase["state"], purchase["offer"]), ("creating", None))
        self.assertEqual(self.order(self.rows[0], key=key).json["id"], purchase["id"])
        self.assertEqual(self.order(self.rows[0], 5001, key=key).code, "idempotency_conflict")
        stored = self.sql("SELECT state, scene, channel, merchant, amount_fen, next_query_at <= UTC_TIMESTAMP(3), expires_at > "
                          f"UTC_TIMESTAMP(3) FROM payment WHERE purchase_id = {purchase['id']}")
        self.assertEqual(stored, [["creating", "phone", "wechat", "main", "5000", "1", "1"]])

    def test_03_what_is_handed_out_and_called_off(self):
        purchase = self.order(self.rows[0]).json
        self.sql(f"""UPDATE payment SET state = 'open', offer = '{{"kind":"redirect","text":"https://pay.example/x","fields":[]}}',
                     next_query_at = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE purchase_id = {purchase['id']}""")
        seen = self.me.get(f"/purchases/{purchase['id']}").json
        self.assertEqual((seen["state"], seen["offer"]["kind"]), ("open", "redirect"))
        soon = self.one(f"SELECT next_query_at < UTC_TIMESTAMP(3) + INTERVAL 31 SECOND FROM payment WHERE purchase_id = {purchase['id']}")
        self.assertEqual(soon, "1", "while the page looks the provider is asked sooner")
        self.assertEqual(self.me.post(f"/purchases/{purchase['id']}/cancel").status, 200)
        self.assertEqual(self.one(f"SELECT close_asked_at IS NOT NULL FROM payment WHERE purchase_id = {purchase['id']}"), "1")
        listed = self.me.get(f"/purchases?supply_id={self.rows[0]['supply_id']}").json["items"]
        self.assertIn(purchase["id"], [row["id"] for row in listed])

    def test_04_a_provider_that_is_away_or_not_there(self):
        self.offer_providers("down")
        self.refuse(self.order(self.rows[0]), 409, "provider_unavailable", "channel")
        self.offer_providers(age_s=3600)
        self.refuse(self.order(self.rows[0]), 409, "provider_unavailable", "channel")
        self.offer_providers()
        self.refuse(self.order(self.rows[0], channel="unionpay"), 409, "provider_not_offered", "channel")
        self.refuse(self.order(self.rows[0], scene="page"), 409, "provider_not_offered", "channel")
        names = {row["channel"]: row["available"] for row in self.me.get("/channels").json["items"]}
        self.assertEqual(names, {"wechat": True})

    def test_05_amounts_and_supplies_that_are_refused(self):
        before = self.books()
        self.refuse(self.order(self.rows[0], 0), 400, "invalid_field", "amount_fen")
        self.refuse(self.order(self.rows[0], -5), 400, "invalid_field", "amount_fen")
        self.refuse(self.order(self.rows[0], 1), 409, "below_minimum", "amount_fen")
        self.refuse(self.order(self.rows[0], 10 ** 12), 409, "above_maximum", "amount_fen")
        self.refuse(self.order({"supply_id": 987654}), 404, "not_found", "")
        self.assertEqual(self.books(), before)

    def test_06_counter_money_is_followed_too(self):
        sold = self.sell(self.rows[1], 2000)
        def look():
            now = self.me.get(f"/purchases/{sold['id']}").json
            return now if now["state"] == "delivered" else None
        seen = lib.wait_for("the purchase in the meter", look, 30, 0.1)
        self.assertEqual(seen["channel"], "cash")
        self.assertTrue(seen["paid_at"] <= seen["writing_at"] <= seen["delivered_at"])
        self.assertGreaterEqual(seen["purchase_count"], 1)

    def test_07_a_payer_orders_and_sees_only_his_own(self):
        self.assertIn(self.me.post(f"/supplies/{self.rows[0]['supply_id']}/payers", {"phone": PAYER}).status, (201, 409))
        payer = tenant.log_in(self.park, PAYER)
        quote = payer.get(f"/quote?supply_id={self.rows[0]['supply_id']}&amount_fen=5000").json
        self.assertEqual((quote["balance_after_fen"], quote["energy_wh"], quote["lines"]), (None, None, []))
        mine = self.order(self.rows[0], who=payer)
        self.assertEqual(mine.status, 202, mine)
        listed = payer.get(f"/purchases?supply_id={self.rows[0]['supply_id']}").json["items"]
        self.assertEqual([row["id"] for row in listed], [mine.json["id"]])
        other = self.order(self.rows[0]).json
        self.assertEqual(payer.get(f"/purchases/{other['id']}").status, 404)

    def test_08_the_sticker_pays_without_log_in_and_tells_nothing(self):
        made = self.clerk.post("/stickers", {"supply_ids": [self.rows[0]["supply_id"]]}, str(uuid.uuid4()))["items"]
        code = next(row["code"] for row in made if row["supply_id"] == self.rows[0]["supply_id"])
        self.assertRegex(code, "^[A-Z2-7]{12}$")
        stranger = tenant.phone(self.park)
        answer = stranger.get(f"/pay/{code}")
        self.assertEqual(answer.status, 200, answer)
        seen = answer.json
        self.assertEqual(set(seen), {"unit_number", "shop_name", "min_fen", "room_fen", "stale", "channels"})
        answer = stranger.order(f"/pay/{code}/purchases", {"amount_fen": 3000, "channel": "wechat", "scene": "phone"})
        self.assertEqual(answer.status, 202, answer)
        token = answer.json["token"]
        followed = stranger.get(f"/pay/purchases/{token}").json
        self.assertEqual((followed["state"], followed["amount_fen"], followed["meter_number"], followed["purchase_count"]),
                         ("creating", 3000, "", None))
        self.assertEqual(stranger.get(f"/pay/purchases/{token[::-1]}").status, 404)
        self.assertEqual(stranger.get("/pay/AAAAAAAAAAAA").status, 404)
        self.clerk.post("/stickers", {"supply_ids": [self.rows[0]["supply_id"]]}, str(uuid.uuid4()))
        self.assertEqual(stranger.get(f"/pay/{code}").status, 404, "a new sticker ends the old one")
        told = self.clerk.get("/stickers")
        self.assertTrue(told["items"])
        self.assertEqual(told["public_url"], "", "nothing is printed before the public address is set")

    def refuse(self, answer, status, code, field):
        self.assertEqual((answer.status, answer.code, answer.json.get("field", "")), (status, code, field), answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
