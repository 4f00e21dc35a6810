"""Meter swap on a real field: the money of the old meter is in the new one, exactly once, whatever happens in between."""
import os
import signal
import sys
import time
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lib  # noqa: E402
import money  # noqa: E402

WRITE = 32  # function 0x20


class Base(money.Case):
    """The simulator keeps the old number for what hangs at a place; our new meters are called M001B."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.engineer = cls.park.log_in("engineer")
        except BaseException:
            cls.park.stop()
            raise

    def tearDown(self):
        self.park.sim("clear")
        self.sql("UPDATE line SET writable = 1")
        super().tearDown()

    # ---- steps

    def shop(self, number, balance_fen=50000):
        """An account on a meter that holds this much."""
        self.park.sim("set", meter=number, balance_fen=balance_fen, load_w=0)
        lib.wait_for("the balance to be read", lambda: self.one(
            f"SELECT balance_fen FROM meter_state s JOIN meter m ON m.id = s.meter_id WHERE m.number = '{number}'") == str(balance_fen),
            30, 0.1)
        return self.have_account(number)

    def post(self, path, body=None, who=None):
        return (who or self.engineer).post(path, body, str(uuid.uuid4()))

    def ask(self, row, **more):
        supply = row["supply_id"]
        return self.post(f"/supplies/{supply}/swaps", {"old_dead": False, "reason": "计量超差", **more})

    def show(self, swap):
        return self.engineer.get(f"/swaps/{swap['id']}")

    def reaches(self, swap, *states, seconds=40):
        def look():
            now = self.show(swap)
            return now if now["state"] in states else None
        try:
            return lib.wait_for(f"swap {swap['id']} to be {states}", look, seconds, 0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.show(swap)}") from None

    def emptied(self, row, **more):
        swap = self.ask(row, **more)
        self.decide(swap["approval_id"])
        return self.reaches(swap, "emptied")

    def place(self, row):
        line, address = self.sql(f"SELECT l.code, m.address FROM meter m JOIN line l ON l.id = m.line_id WHERE m.id = {row['meter_id']}")[0]
        return {"line": line, "address": int(address), "model": "acrel-dtsy1352"}

    def survey(self, swap, **body):
        """Without a body: the old meter is asked."""
        number = swap["id"]
        answer = self.post(f"/swaps/{number}/survey", body) if body else self.post(f"/swaps/{number}/survey-old")
        self.assertEqual(answer["answer_of_old"], not body)

        def look():
            now = self.show(swap)
            return now if now["answer"]["state"] in ("done", "failed") else None
        return lib.wait_for("the meter's answer", look, 30, 0.1)

    def new_meter(self, row, serial, number=None, **facts):
        """What the engineer hangs there."""
        old = row["meter_number"]
        self.park.sim("swap", meter=old, serial_number=serial)
        if facts:
            self.park.sim("set", meter=old, **facts)
        return {"number": number or old + "B", "serial_number": serial, **self.place(row)}

    def exchange(self, swap):
        number = swap["id"]
        return self.post(f"/swaps/{number}/exchange")

    def undo(self, swap, reason="换错"):
        number = swap["id"]
        return self.post(f"/swaps/{number}/undo", {"reason": reason})

    def cancel(self, swap, reason="新表未到"):
        number = swap["id"]
        return self.post(f"/swaps/{number}/cancel", {"reason": reason})

    def swapped(self, row, serial, swap=None, **facts):
        swap = swap or self.emptied(row)
        self.survey(swap, **self.new_meter(row, serial, **facts))
        return self.exchange(swap)

    def truth(self, row):
        return self.park.sim("get", meter=row["meter_number"])

    def ledger(self, supply_id, account):
        return int(self.one("SELECT COALESCE(SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)), 0) FROM ledger_account a"
                            f" JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) WHERE a.code = '{account}'"
                            f" AND a.supply_id = {supply_id}"))

    def finished(self, swap, row, balance_fen):
        """Done; the new meter has the money, the books say so, and nothing stands in between."""
        done = self.reaches(swap, "done")
        supply = row["supply_id"]
        self.assertEqual(self.truth(row)["balance_fen"], balance_fen)
        self.assertEqual([self.ledger(supply, a) for a in ("tenant_liability", "adjustment_clearing", "meter_clearing")],
                         [balance_fen, 0, 0])
        return done

    def dead(self, row, balance_fen, count, **more):
        energy = int(self.one(f"SELECT COALESCE(energy_wh, 0) FROM meter_state WHERE meter_id = {row['meter_id']}"))
        return self.ask(row, old_dead=True, balance_fen=balance_fen, count=count, energy_wh=energy, evidence_sha256=money.PAPER, **more)

    def count_of(self, row):
        return self.truth(row)["count"]


class Swap(Base):
    meters = 8  # a line
    lines = 2

    # ---- a living meter

    def test_living_meter(self):
        row = self.shop("M001")
        swap = self.ask(row)
        self.assertEqual(swap["state"], "asked")
        self.assertIn("500.00", self.clerk.get("/approvals?state=open")["items"][0]["summary_zh"])
        self.decide(swap["approval_id"])
        emptied = self.reaches(swap, "emptied")
        self.assertEqual((emptied["old_balance_fen"], emptied["left_fen"]), (50000, 50000))
        self.assertEqual(self.truth(row)["balance_fen"], 0)
        self.assertEqual(self.ledger(row["supply_id"], "adjustment_clearing"), 50000)
        same = self.survey(swap, **{"number": "M001B", "serial_number": "", **self.place(row)})
        self.assertEqual(same["answer"]["serial_number"], "202600000001")
        self.refused(409, "still_old_meter", "serial_number", self.exchange, swap)
        seen = self.survey(swap, **self.new_meter(row, "202600009001"))
        self.assertEqual((seen["answer"]["serial_number"], seen["answer"]["balance_fen"], seen["answer"]["count"]),
                         ("202600009001", 0, 0))
        done = self.exchange(swap)
        self.assertEqual((done["state"], done["carried_fen"], done["new_epoch"]), ("exchanged", 50000, row["epoch"] + 1))
        done = self.finished(swap, row, 50000)
        self.assertEqual(done["arrived_fen"], 50000)
        self.assertEqual(self.sql("SELECT epoch, close_count IS NULL FROM supply_epoch WHERE supply_id ="
                                  f" {row['supply_id']} ORDER BY epoch"), [[str(row["epoch"]), "0"], [str(row["epoch"] + 1), "1"]])
        self.assertEqual(self.sql("SELECT number, state FROM meter WHERE number LIKE 'M001%' ORDER BY number"),
                         [["M001", "retired"], ["M001B", "in_service"]])
        lib.wait_for("prices and thresholds in the new meter", lambda: self.one(
            f"SELECT GROUP_CONCAT(DISTINCT state) FROM push WHERE supply_id = {row['supply_id']}") == "confirmed", 60, 0.2)
        self.assertEqual(self.truth(row)["fee_control"], 1)
        lib.wait_for("the page to say so", lambda: self.show(swap)["fee_control"] == 1, 30, 0.1)
        new = self.supply("M001B")
        lives = self.engineer.get(f"/meters/{new['meter_id']}/epochs")["items"]
        self.assertEqual([(one["number"], one["epoch"], one["swap_id"]) for one in lives],
                         [("M001B", row["epoch"] + 1, swap["id"]), ("M001", row["epoch"], None)])
        self.assertEqual((lives[1]["end_energy_wh"], lives[1]["close_balance_fen"]), (emptied["old_energy_wh"], 0))
        self.joined(new, emptied["old_energy_wh"])
        self.delivered(self.sell(new, 2500))
        self.assertEqual(self.truth(row)["balance_fen"], 52500)
        acts = [r[0] for r in self.sql(f"SELECT action FROM audit WHERE object_kind = 'supply' AND object_id = {row['supply_id']}"
                                       " AND action LIKE 'swap.%' ORDER BY id")]
        self.assertEqual(acts, ["swap.ask", "swap.exchange"])

    def joined(self, new, old_energy_wh):
        """The new meter's history goes on where the old one's ended: nothing was used in between."""
        def look():
            day = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds)) for seconds in (-86400, 86400)]
            items = self.engineer.get(f"/meters/{new['meter_id']}/readings?from={day[0]}&to={day[1]}&step_s=86400")["items"]
            stored = self.sql("SELECT COUNT(DISTINCT meter_id) FROM reading WHERE energy_wh IS NOT NULL AND meter_id IN"
                              " (SELECT meter_id FROM supply_epoch WHERE supply_id = (SELECT MIN(id) FROM supply WHERE meter_id ="
                              f" {new['meter_id']}))")
            return items if stored == [["2"]] and len(items) >= 2 else None
        energies = [one["energy_wh"] for one in lib.wait_for("readings of both meters", look, 60, 0.5)]
        self.assertGreater(old_energy_wh, 1000)
        self.assertLess(max(energies) - min(energies), 1000, energies)

    def test_fee_control_is_switched_on_in_the_new_meter(self):
        """A factory-fresh meter does not charge: the page says so until the read-back shows that it does."""
        row = self.shop("M013", 5000)
        swap = self.emptied(row)
        seen = self.survey(swap, **self.new_meter(row, "202600009013"))
        self.assertEqual(seen["answer"]["fee_control"], 0)
        self.sql("UPDATE line SET writable = 0")
        self.exchange(swap)
        page = self.show(swap)
        self.assertEqual((page["fee_control_wanted"], page["fee_control"] or 0), (True, 0))
        self.sql("UPDATE line SET writable = 1")
        self.finished(swap, row, 5000)
        lib.wait_for("fee control to be proved", lambda: self.show(swap)["fee_control"] == 1, 60, 0.2)
        self.assertEqual(self.truth(row)["fee_control"], 1)

    def test_new_meter_holds_some_already(self):
        row = self.shop("M002", 30000)
        done = self.swapped(row, "202600009002", balance_fen=12000)
        self.assertEqual((done["covered_fen"], done["carried_fen"], done["correction_fen"]), (12000, 18000, 0))
        self.finished(done, row, 30000)

    def test_new_meter_holds_too_much(self):
        row = self.shop("M003", 10000)
        done = self.swapped(row, "202600009003", balance_fen=25000)
        self.assertEqual((done["covered_fen"], done["carried_fen"], done["correction_fen"]), (10000, 0, 15000))
        lib.wait_for("the excess to be taken out", lambda: self.truth(row)["balance_fen"] == 10000, 40, 0.1)
        lib.wait_for("its posting", lambda: self.ledger(row["supply_id"], "tenant_liability") == 10000, 20, 0.1)
        self.finished(done, row, 10000)

    def test_a_debt_stays_outside(self):
        row = self.shop("M004", -300)
        done = self.swapped(row, "202600009004")
        self.assertEqual((done["covered_fen"], done["carried_fen"], done["correction_fen"]), (0, 0, 300))
        self.finished(done, row, 0)

    def test_what_waits_goes_over(self):
        """A sale while the old meter is on its way out is claimed by the new one."""
        row = self.shop("M005", 20000)
        swap = self.emptied(row)
        purchase = self.sell(row, 4000)
        self.swapped(row, "202600009005", swap)
        self.delivered(purchase)
        self.finished(swap, row, 24000)
        self.assertEqual(self.sql(f"SELECT epoch, moved_from_epoch, moved_from_count FROM delivery WHERE purchase_id = {purchase['id']}"),
                         [[str(row["epoch"] + 1), str(row["epoch"]), "NULL"]])

    def test_the_poller_dies_during_the_carry(self):
        row = self.shop("M006", 60000)
        swap = self.emptied(row)
        body = self.new_meter(row, "202600009006")
        self.survey(swap, **body)
        for point in ("mb.pre_write", "mb.post_write", "conf.pre_commit"):
            self.park.processes["poller"].send_signal(signal.SIGKILL)
            self.park.processes["poller"].wait(30)
            self.park.start_poller(failpoint=f"{point}=kill")
            if point == "mb.pre_write":
                self.exchange(swap)
            self.assertEqual(self.park.processes["poller"].wait(60), -signal.SIGKILL, point)
        self.park.start_poller()
        self.finished(swap, row, 60000)

    def test_a_lost_frame_of_the_carry(self):
        row = self.shop("M007", 40000)
        swap = self.emptied(row)
        body = self.new_meter(row, "202600009007")
        self.survey(swap, **body)
        self.park.sim("fault", meter="M007", kind="apply_no_answer", function=WRITE, count=1)
        self.exchange(swap)
        self.finished(swap, row, 40000)

    # ---- the carry is called off

    def called_off(self, row, serial):
        """A swap whose money waits, because somebody cancelled its delivery into the new meter."""
        swap = self.emptied(row)
        body = self.new_meter(row, serial)
        self.survey(swap, **body)
        self.sql("UPDATE line SET writable = 0")
        self.exchange(swap)
        delivery = self.one(f"SELECT d.id FROM delivery d JOIN purchase b ON b.id = d.purchase_id WHERE b.swap_id = {swap['id']}")
        self.post(f"/deliveries/{delivery}/decision", {"decision": "cancel", "reason": "暂不转入"}, self.clerk)
        self.sql("UPDATE line SET writable = 1")
        self.assertEqual(self.show(swap)["state"], "done")
        self.assertEqual([self.ledger(row["supply_id"], a) for a in ("adjustment_clearing", "meter_clearing")], [5000, 0])
        item = [one for one in self.clerk.get("/waiting")["items"] if one["kind"] == "returned_money"][-1]
        self.assertEqual(([one["code"] for one in item["buttons"]], item["amount_fen"]), (["again", "refund"], 5000))
        return item["object_id"]

    def test_called_off_and_delivered_again(self):
        row = self.shop("M014", 5000)
        item = self.called_off(row, "202600009014")
        done = self.post(f"/returned-money/{item}/deliver", {"reason": "还是转入"}, self.clerk)
        self.refused(409, "conflict", "", self.post, f"/returned-money/{item}/deliver", {"reason": "再来"}, self.clerk)
        self.delivered(done)
        self.assertEqual(self.truth(row)["balance_fen"], 5000)
        self.assertEqual([self.ledger(row["supply_id"], a) for a in ("tenant_liability", "adjustment_clearing")], [5000, 0])
        self.assertFalse([one for one in self.clerk.get("/waiting")["items"] if one["kind"] == "returned_money"])

    def test_called_off_and_paid_out(self):
        row = self.shop("M012", 0)
        self.delivered(self.sell(row, 5000))
        payment = self.one(f"SELECT p.id FROM payment p JOIN purchase b ON b.id = p.purchase_id WHERE b.supply_id = {row['supply_id']}")
        item = self.called_off(row, "202600009012")
        approval = self.post(f"/returned-money/{item}/refund", {"payment_id": int(payment), "reason": "商户要退"}, self.clerk)
        self.refused(409, "conflict", "", self.post, f"/returned-money/{item}/deliver", {"reason": "转入"}, self.clerk)
        self.decide(approval["id"])
        refund = self.clerk.get("/refunds")["items"][0]
        self.assertEqual((refund["source"], refund["state"], refund["amount_fen"]), ("returned", "approved", 5000))
        self.post(f"/refunds/{refund['id']}/pay", None, self.clerk)
        self.assertEqual([self.ledger(row["supply_id"], a) for a in ("tenant_liability", "adjustment_clearing")], [0, 0])

    # ---- a dead meter

    def test_dead_meter(self):
        row = self.shop("M008", 33300)
        count = self.count_of(row)
        self.park.sim("fault", meter="M008", kind="silent", count="forever")
        swap = self.dead(row, 33000, count)
        self.assertIn("人工录入", self.clerk.get("/approvals?state=open")["items"][0]["summary_zh"])
        self.decide(swap["approval_id"])
        swap = self.reaches(swap, "emptied")
        body = self.new_meter(row, "202600009008")
        self.park.sim("clear")
        self.survey(swap, **body)
        self.exchange(swap)
        done = self.reaches(swap, "done")
        self.assertEqual((done["adjustment_state"], done["left_fen"], done["carried_fen"]), ("typed", 33000, 33000))
        self.assertEqual(self.truth(row)["balance_fen"], 33000)
        self.assertEqual(self.one(f"SELECT close_typed FROM supply_epoch WHERE supply_id = {row['supply_id']}"
                                  f" AND epoch = {row['epoch']}"), "1")

    def in_flight(self, row, amount_fen):
        """A purchase whose frame left and whose meter then died."""
        self.park.sim("fault", meter=row["meter_number"], kind="silent", function=WRITE, count="forever")
        purchase = self.sell(row, amount_fen)
        lib.wait_for("a frame", lambda: int(self.one(
            f"SELECT sends FROM delivery WHERE purchase_id = {purchase['id']}")) >= 1, 30, 0.1)
        return purchase

    def test_dead_meter_with_a_delivery_that_never_arrived(self):
        row = self.shop("M009", 15000)
        count = self.count_of(row)
        purchase = self.in_flight(row, 7000)
        self.refused(409, "count_differs", "count", self.dead, row, 15000, count + 2)
        swap = self.dead(row, 15000, count)
        self.decide(swap["approval_id"])
        swap = self.reaches(swap, "emptied")
        body = self.new_meter(row, "202600009009")
        self.park.sim("clear")
        self.survey(swap, **body)
        self.exchange(swap)
        self.delivered(purchase)
        self.finished(swap, row, 22000)
        self.assertEqual(self.sql(f"SELECT moved_from_epoch, moved_from_count FROM delivery WHERE purchase_id = {purchase['id']}"),
                         [[str(row["epoch"]), str(count + 1)]])

    def test_dead_meter_with_a_delivery_that_arrived(self):
        row = self.shop("M010", 15000)
        count = self.count_of(row)
        purchase = self.in_flight(row, 7000)
        swap = self.dead(row, 22000, count + 1)
        self.decide(swap["approval_id"])
        swap = self.reaches(swap, "emptied")
        body = self.new_meter(row, "202600009010")
        self.park.sim("clear")
        self.survey(swap, **body)
        self.exchange(swap)
        self.delivered(purchase)
        self.finished(swap, row, 22000)

    # ---- back again

    def test_undo(self):
        """The new meter does not take the carry; the old one hangs there again, with its money."""
        row = self.shop("M011", 45000)
        swap = self.emptied(row)
        body = self.new_meter(row, "202600009011")
        self.survey(swap, **body)
        self.sql("UPDATE line SET writable = 0")
        self.exchange(swap)
        self.refused(409, "not_surveyed", "", self.undo, swap)
        self.survey(swap)
        self.refused(409, "wrong_serial", "serial_number", self.undo, swap)
        count = int(self.show(swap)["old_count"])
        self.park.sim("swap", meter="M011", serial_number="202600000011")
        self.park.sim("set", meter="M011", count=count, balance_fen=0, fee_control=1)
        self.survey(swap)
        done = self.undo(swap)
        self.assertEqual((done["state"], done["back_epoch"]), ("undone", row["epoch"] + 2))
        self.sql("UPDATE line SET writable = 1")
        lib.wait_for("the money in the old meter again", lambda: self.truth(row)["balance_fen"] == 45000, 40, 0.1)
        lib.wait_for("its posting", lambda: self.ledger(row["supply_id"], "tenant_liability") == 45000, 20, 0.1)
        self.assertEqual(self.ledger(row["supply_id"], "adjustment_clearing"), 0)
        lib.wait_for("the trip to be lifted", lambda: self.truth(row)["forced"] == "none", 30, 0.1)
        self.assertEqual(self.supply("M011")["epoch"], row["epoch"] + 2)
        self.refused(409, "wrong_state", "state", self.undo, swap)

    def test_called_off_after_emptying(self):
        row = self.shop("M015", 21000)
        swap = self.emptied(row)
        self.assertEqual(self.truth(row)["balance_fen"], 0)
        done = self.cancel(swap)
        self.assertEqual(done["state"], "cancelled")
        lib.wait_for("the money back in the meter", lambda: self.truth(row)["balance_fen"] == 21000, 40, 0.1)
        lib.wait_for("power", lambda: self.truth(row)["forced"] == "none", 30, 0.1)
        lib.wait_for("its posting", lambda: self.ledger(row["supply_id"], "tenant_liability") == 21000, 20, 0.1)
        self.refused(409, "wrong_state", "state", self.cancel, swap)
        listed = self.clerk.get("/swaps")["items"]
        self.assertIn((swap["id"], "cancelled"), [(one["id"], one["state"]) for one in listed])


class Refusals(Base):
    """What does not begin, or does not go on."""

    meters = 6

    def test_who_may(self):
        row = self.shop("M001")
        with self.assertRaises(Exception) as caught:
            self.post(f"/supplies/{row['supply_id']}/swaps", {"old_dead": False, "reason": "x"}, self.clerk)
        self.assertEqual(caught.exception.status, 403)
        swap = self.ask(row)
        self.refused(409, "swap_open", "", self.ask, row)
        self.decide(swap["approval_id"], "reject", "不换")
        self.assertEqual(self.show(swap)["state"], "rejected")
        self.refused(409, "wrong_state", "state", self.exchange, swap)

    def test_no_account(self):
        row = self.supply("M002")
        self.refused(409, "no_account", "supply_id", self.ask, row)

    def test_locked_out_by_another(self):
        row = self.shop("M003")
        lock = self.park.log_in("administrator").post(
            f"/supplies/{row['supply_id']}/lock-outs", {"reason": "检修", "unit_number": row["unit_number"]}, str(uuid.uuid4()))
        self.refused(409, "locked_out", "", self.ask, row)
        self.park.log_in("administrator").post(f"/lock-outs/{lock['lock_out']['id']}/lift", {"reason": "好了"}, str(uuid.uuid4()))

    def test_typed_figures(self):
        row = self.shop("M004")
        count = self.truth(row)["count"]
        body = {"old_dead": True, "balance_fen": 100, "count": count, "energy_wh": 10**14, "reason": "烧毁", "evidence_sha256": money.PAPER}
        path = f"/supplies/{row['supply_id']}/swaps"
        for field in ("balance_fen", "count", "energy_wh", "evidence_sha256"):
            self.refused(400, "invalid_field", field, self.post, path, {k: v for k, v in body.items() if k != field})
        self.refused(409, "count_differs", "count", self.post, path, {**body, "count": count + 1})
        self.refused(409, "energy_back", "energy_wh", self.post, path, {**body, "energy_wh": 0})

    def test_the_new_meter_is_not_what_it_should_be(self):
        row = self.shop("M005", 8000)
        swap = self.emptied(row)
        self.refused(409, "not_surveyed", "", self.exchange, swap)
        path = f"/swaps/{swap['id']}/survey"
        body = {"number": "M005B", "serial_number": "202600008005", **self.place(row)}
        self.refused(409, "address_in_use", "address", self.post, path, {**body, "address": 6})
        self.refused(409, "number_in_use", "number", self.post, path, {**body, "number": "M006"})
        self.refused(409, "serial_in_use", "serial_number", self.post, path, {**body, "serial_number": "202600000006"})
        self.refused(400, "invalid_field", "model", self.post, path, {**body, "model": "nobody"})
        self.survey(swap, **self.new_meter(row, "202600008015") | {"serial_number": "202600008005"})
        self.refused(409, "wrong_serial", "serial_number", self.exchange, swap)
        self.park.sim("fault", meter="M005", kind="silent", count="forever")
        self.assertEqual(self.survey(swap, **{**body, "serial_number": ""})["answer"]["error"], "meter_silent")
        self.refused(409, "meter_silent", "", self.exchange, swap)
        self.park.sim("clear")
        self.survey(swap, **{**body, "serial_number": "202600008015"})
        self.exchange(swap)
        self.reaches(swap, "done")
        self.assertEqual(self.truth(row)["balance_fen"], 8000)


if __name__ == "__main__":
    unittest.main()
