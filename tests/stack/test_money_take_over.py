"""Take-over of live meters from a sheet, on a real field: check, differences, commit, undo."""
import os
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cases", "xlsx"))
import lib  # noqa: E402
import make  # noqa: E402  (tests/cases/xlsx: workbooks by zipfile and XML)
import money  # noqa: E402
import park as parks  # noqa: E402

HEAD = "铺位,商户,联系人,电话,电表,期初余额,购电次数,电价方案,预警值"


class TakeOver(money.Case):
    meters = 6

    def upload(self, lines, head=HEAD):
        body = "\n".join([head, *lines]).encode()
        return self.clerk.json_of(self.clerk.call("POST", "/take-overs", raw=body, headers={
            "Content-Type": "text/csv", "X-File-Name": "sheet.csv", "Idempotency-Key": str(uuid.uuid4())}))

    def upload_workbook(self, body):
        return self.clerk.json_of(self.clerk.call("POST", "/take-overs", raw=body, headers={
            "Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "X-File-Name": "sheet.xlsx", "Idempotency-Key": str(uuid.uuid4())}))

    def line(self, n, balance=None, count=None, alarm="", tariff="", name=None, unit=None):
        state = self.sql(f"SELECT balance_fen, purchase_count FROM meter_state s JOIN meter m ON m.id = s.meter_id"
                         f" WHERE m.number = 'M{n:03d}'")[0]
        balance = f"{int(state[0]) / 100:.2f}" if balance is None else balance
        return f"{unit or f'1F-{n:03d}'},{name or f'老店{n}'},王五,1380000000{n},M{n:03d},{balance},{count or state[1]},{tariff},{alarm}"

    def later(self, take_over):
        """Every meter of it was read again."""
        lib.wait_for("a second reading", lambda: self.one(
            f"SELECT COUNT(*) FROM take_over_row r JOIN supply s ON s.id = r.supply_id JOIN meter_state m ON m.meter_id = s.meter_id"
            f" WHERE r.take_over_id = {take_over} AND m.taken_at <= r.first_at") == "0")

    def commit(self, take_over, **more):
        self.later(take_over)
        return self.clerk.post(f"/take-overs/{take_over}/commit", more, str(uuid.uuid4()))

    def verdicts(self, page):
        return {row["meter_number"]: row["verdict"] for row in page["items"]}

    def test_sheet_to_accounts_and_back(self):
        page = self.upload([self.line(1), self.line(2, balance="999999.00"), self.line(3, count="4444"),
                            "1F-009,空,,,M999,1,,,", self.line(4, unit="1F-001")])
        take_over = page["id"]
        self.assertEqual(self.verdicts(page), {"M001": "ok", "M002": "balance_differs", "M003": "count_differs", "M999": "error",
                                               "M004": "error"})
        page = self.commit(take_over)
        self.assertEqual(self.verdicts(page)["M001"], "taken")
        self.assertEqual(self.verdicts(page)["M002"], "balance_differs")
        one = next(row for row in page["items"] if row["meter_number"] == "M001")
        epoch = self.sql(f"SELECT open_count, open_balance_fen FROM supply_epoch WHERE supply_id = {one['supply_id']}")[0]
        self.assertEqual([int(epoch[0]), int(epoch[1])], [one["second_count"], one["second_balance_fen"]])
        account = self.clerk.get(f"/accounts/{one['account_id']}")
        self.assertEqual((account["state"], account["contacts"][0]["phone"]), ("open", "13800000001"))
        # Somebody looked: the meter's word counts for the second one.
        line = next(row["line_number"] for row in page["items"] if row["meter_number"] == "M002")
        page = self.commit(take_over, accept_lines=[line])
        self.assertEqual(self.verdicts(page)["M002"], "taken")
        self.assertEqual(self.clerk.get("/take-overs")["items"][0]["taken"], 2)
        # Undo, and the same sheet again.
        page = self.clerk.post(f"/take-overs/{take_over}/undo", {"reason": "重来"}, str(uuid.uuid4()))
        self.assertEqual(self.verdicts(page)["M001"], "undone")
        self.assertEqual(self.one("SELECT COUNT(*) FROM supply_epoch"), "0")
        again = self.upload([self.line(1)])["id"]
        self.assertEqual(self.verdicts(self.commit(again)), {"M001": "taken"})
        purchase = self.delivered(self.sell(self.supply("M001"), 5000))
        self.assertEqual(purchase["delivery"]["purchase_count"], one["second_count"] + 1)
        self.refused(409, "sold_since", "take_over_id", self.clerk.post, f"/take-overs/{again}/undo", {"reason": "晚了"},
                     str(uuid.uuid4()))
        self.assertEqual(self.clerk.get(f"/take-overs/{again}")["state"], "done")

    def test_what_is_on_an_old_card_goes_into_the_meter(self):
        before = self.park.sim("get", meter="M005")
        page = self.upload([self.line(5) + ",88.50", self.line(6) + ",x"], head=HEAD + ",旧卡余额")
        self.assertEqual(self.verdicts(page), {"M005": "ok", "M006": "error"})
        self.assertEqual(next(row["card_balance_fen"] for row in page["items"] if row["meter_number"] == "M005"), 8850)
        self.assertEqual(self.verdicts(self.commit(page["id"]))["M005"], "taken")
        bought = self.clerk.get(f"/purchases?supply_id={self.supply('M005')['supply_id']}")["items"]
        self.assertEqual([(row["origin"], row["amount_fen"]) for row in bought], [("opening", 8850)])
        self.delivered(bought[0])
        after = self.park.sim("get", meter="M005")
        self.assertEqual(after["count"], before["count"] + 1)
        self.assertAlmostEqual(after["balance_fen"], before["balance_fen"] + 8850, delta=100)

    def test_a_workbook(self):
        rows = [self.line(n).split(",") for n in (2, 3)]
        for row in rows:  # as a spreadsheet program writes them: numbers, some with a binary tail
            row[5] = float(row[5]) + 1e-13
            row[6] = int(row[6])
            row[7:] = [None, None]
        page = self.upload_workbook(make.workbook([HEAD.split(","), *rows, ["1F-004", "店", None, None, "M004", "86.505"]]))
        self.assertEqual(self.verdicts(page), {"M002": "ok", "M003": "ok", "M004": "error"})
        self.assertEqual([row["line_number"] for row in page["items"]], [2, 3, 4])
        page = self.commit(page["id"])
        self.assertEqual(self.verdicts(page), {"M002": "taken", "M003": "taken", "M004": "error"})
        account = self.clerk.get(f"/accounts/{page['items'][0]['account_id']}")
        self.assertEqual((account["name"], account["contacts"][0]["phone"]), ("老店2", "13800000002"))
        self.clerk.post(f"/take-overs/{page['id']}/undo", {"reason": "重来"}, str(uuid.uuid4()))

    def test_workbooks_refused(self):
        fine = make.workbook([HEAD.split(",")])
        dtd = '<!DOCTYPE x [<!ENTITY a "b">]><worksheet><sheetData/></worksheet>'
        before = self.one("SELECT COUNT(*) FROM take_over")
        for code, field, body in (
                ("workbook_unreadable", "", fine[:-30]),
                ("workbook_too_large", "", make.bomb()),
                ("workbook_too_large", "", make.workbook([HEAD.split(",")] + [["x"]] * 2001)),
                ("workbook_unsafe", "", make.workbook(sheet=dtd)),
                ("workbook_unsafe", "", make.workbook([["x"]], more={"../x": "x"})),
                ("workbook_no_sheet", "", make.workbook([])),
                ("missing_column", "balance", make.workbook([["铺位", "商户", "电表"]])),
                ("cell_not_a_number", "E2", make.workbook([HEAD.split(","), ["1F-001", "店", None, None, 1234567890123456]])),
                ("cell_too_long", "B2", make.workbook([HEAD.split(","), ["1F-001", "店" * 1001]])),
                ("workbook_too_wide", "BM1", make.workbook(sheet=make.sheet_of([["x"]]).replace('"A1"', '"BM1"')))):
            problem = self.refused(400, code, field, self.upload_workbook, body)
            self.assertTrue(code == "missing_column" or field in problem["detail"], problem)
        self.assertEqual(self.one("SELECT COUNT(*) FROM take_over"), before)
        big = make.workbook([HEAD.split(","), self.line(6).split(",")], more={"xl/media/a.png": os.urandom(3 << 20)})
        self.assertEqual(self.verdicts(self.upload_workbook(big)), {"M006": "ok"})
        with self.assertRaises(parks.ApiError) as caught:
            self.upload_workbook(make.workbook([["x"]], more={"a.png": os.urandom(9 << 20)}))
        self.assertEqual(caught.exception.status, 413)

    def test_operator_takes_over_and_gives_a_password(self):
        """paywattctl take-over and tenant password: the same flows, from the machine."""
        sheet = os.path.join(self.park.folder, "sheet.csv")
        with open(sheet, "w", encoding="utf-8") as file:
            file.write("\n".join([HEAD, self.line(3, balance="999999.00"), "1F-009,空,,,M999,1,,,"]) + "\n")
        said = self.park.ctl("take-over", sheet, "--accept-differences", "--timeout", "30", check=False).stdout
        self.assertIn("1 accounts opened, 0 wait for a reading, 1 need a person", said)
        self.assertEqual(self.one("SELECT COUNT(*) FROM account WHERE state = 'open' AND name = '老店3'"), "1")
        secret = os.path.join(self.park.folder, "tenant_password")
        with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write("abcd2345\n")
        self.park.ctl("tenant", "password", "13800000003", "--password-file", secret)
        self.assertEqual(self.one("SELECT CONCAT(must_change_password, password_hash LIKE '$argon2id$%') FROM tenant_user"), "01")
        self.assertIn("nobody put", self.park.ctl("tenant", "password", "13900000000", "--password-file", secret, check=False).stderr)
        take_over = self.clerk.get("/take-overs")["items"][0]["id"]
        self.clerk.post(f"/take-overs/{take_over}/undo", {"reason": "重来"}, str(uuid.uuid4()))

    def test_prices_and_alarms(self):
        lib.wait_for("the meter's prices", lambda: self.one("SELECT COUNT(price_flat_e4) FROM meter_parameter") == "6", 60)
        tariff = self.clerk.post("/tariffs", {"code": "ONE", "name": "单一"}, str(uuid.uuid4()))["id"]
        body = {"period": {"every": "month", "day": 1}, "prices_e4": {"flat": 8000}}
        self.clerk.post(f"/tariffs/{tariff}/versions", {"valid_from_at": "2026-01-01T00:00:00Z", "kind": "single", "body": body,
                                                        "reason": "x"}, str(uuid.uuid4()))
        page = self.upload([self.line(5, tariff="ONE"), self.line(6, alarm="123.45")])
        self.assertEqual(self.verdicts(page), {"M005": "price_differs", "M006": "alarm_differs"})

    def test_a_silent_meter_waits(self):
        page = self.upload([self.line(4)])
        take_over = page["id"]
        self.park.sim("fault", scope="meter", meter="M004", kind="silent")
        self.sql(f"UPDATE take_over_row SET first_at = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE take_over_id = {take_over}")
        page = self.clerk.post(f"/take-overs/{take_over}/commit", {}, str(uuid.uuid4()))
        self.assertEqual(self.verdicts(page), {"M004": "silent"})

    def test_refusals(self):
        self.refused(400, "missing_column", "balance", self.upload, [], "铺位,商户,电表")
        self.refused(400, "bad_request", "", self.upload, [], "")
        page = self.upload([self.line(5, balance="1.234"), self.line(5, tariff="NONE"), "1F-005,店,王,123,M005,1,,,",
                            "1F-005,,,,M005,1,,,", self.line(5, count="70000")])
        self.assertEqual({row["verdict"] for row in page["items"]}, {"error"})
        self.assertTrue(all(row["message"] and row["message_en"] for row in page["items"]))
        take_over = page["id"]
        self.refused(409, "wrong_state", "state", self.clerk.post, f"/take-overs/{take_over}/undo", {"reason": "x"}, str(uuid.uuid4()))


if __name__ == "__main__":
    unittest.main()
