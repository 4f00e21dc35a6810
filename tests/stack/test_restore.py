"""Back to a backup: meters that got more than the restored database knows are frozen and listed before anything is sent to them."""
import os
import re
import shutil
import subprocess
import sys
import unittest
import uuid

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import invariants  # noqa: E402
import lib  # noqa: E402
import park as parks  # noqa: E402
from pay import Till  # noqa: E402

ROOT = ("--root-socket-user", "root", "--reason", "test")
SERVERS = ("mariadb", "redis", "sim", "nginx")


class Case(unittest.TestCase):
    """A park of its own for each test: a restore changes all of it."""

    def setUp(self):
        folder = lib.tempfile.mkdtemp(prefix="pwb")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        self.folder = os.path.join(folder, "backup")
        self.park = parks.Park(lines=1, meters=4, settings={"backup__folder": self.folder, "poller__slow_read_s": 10})
        self.addCleanup(self.park.stop)
        self.park.start_field()
        self.till = Till(self.park)
        self.till.open("M001", "M002", "M003", "M004")

    def sql(self, text):
        return self.park.sql(text)

    def backup(self):
        return re.match(r"verified \S+/(\S+):", self.park.ctl("backup")).group(1)

    def buy(self, number, amount_fen):
        row = self.till.ended(self.till.buy(number, amount_fen))
        return row

    def stop_programs(self):
        for name in [name for name in self.park.processes if name not in SERVERS]:
            self.park.stop_one(name)

    def restore(self, name, *more):
        return self.park.ctl("restore", name, *ROOT, "--yes", *more)

    def start_again(self):
        self.park.start_poller()
        self.park.start_jobs()

    def checks(self):
        """state and finding of each meter's check, once none is pending."""
        lib.wait_for("every meter compared", lambda: self.sql("SELECT COUNT(*) FROM restore_check WHERE state = 'pending'") == [["0"]], 90, 0.2)
        return {row[0]: (row[1], row[2]) for row in self.sql(
            "SELECT m.number, c.state, c.finding FROM restore_check c JOIN meter m ON m.id = c.meter_id"
            " WHERE c.restore_id = (SELECT MAX(id) FROM restore_run)")}

    def truth(self, number):
        meter = self.park.sim("get", meter=number)
        return meter["count"], meter["balance_fen"]


class Older(Case):
    def test_meters_ahead_are_frozen_and_others_go_on(self):
        self.park.start_jobs()
        self.park.start_web()
        self.buy("M001", 5000)
        staff = self.park.log_in("finance")
        lost_id = int(self.sql("SELECT MAX(id) FROM purchase")[0][0])
        self.park.sql("UPDATE line SET writable = 0")
        waiting = self.till.buy("M002", 6000)  # paid, not delivered when the backup is made
        name = self.backup()
        self.park.sql("UPDATE line SET writable = 1")
        self.till.ended(waiting)
        self.buy("M001", 7000)
        self.buy("M001", 8000)
        counts = {number: self.truth(number)[0] for number in ("M001", "M002", "M003", "M004")}
        self.stop_programs()
        said = self.restore(name)
        self.assertIn("4 supplies wait", said)
        aside = re.search(r"kept as database (\S+):", said).group(1)
        self.assertEqual(len(self.park.sql("SELECT id FROM purchase", database=aside)), 4)
        self.assertEqual(len(self.sql("SELECT id FROM purchase")), 2)
        self.sql("UPDATE line SET writable = 1")
        self.start_again()
        self.park.start_cgi("staff")
        after = self.till.buy("M003", 9000)
        checks = self.checks()
        self.assertEqual(checks, {"M001": ("frozen", "count_ahead"), "M002": ("frozen", "count_ahead"), "M003": ("passed", "none"),
                                  "M004": ("passed", "none")})
        self.till.ended(after)
        self.assertEqual(self.truth("M003")[0], counts["M003"] + 1)
        # no id of the lost time is given again
        self.assertGreater(int(self.sql("SELECT MAX(id) FROM purchase")[0][0]), lost_id + 100000)
        # what waits for M002 is not sent a second time
        lib.wait_for("the delivery says why it waits", lambda: self.sql(
            f"SELECT wait_code FROM delivery WHERE purchase_id = {waiting}") == [["frozen"]])
        self.assertEqual({number: self.truth(number)[0] for number in ("M001", "M002", "M004")},
                         {number: counts[number] for number in ("M001", "M002", "M004")})
        # sessions of before are over, and the waiting page has the numbers of both sides
        with self.assertRaises(parks.ApiError) as caught:
            staff.get("/session")
        self.assertEqual(caught.exception.status, 401)
        self.park.sessions.clear()
        self.sql("UPDATE user SET totp_last_step = 0")
        items = [item for item in self.park.log_in("finance").get("/waiting")["items"] if item["kind"] == "frozen_supply"]
        self.assertEqual(len(items), 2)
        evidence = items[0]["evidence"]
        self.assertEqual((evidence["restore_finding"], evidence["our_count"], evidence["meter_count"]),
                         ("count_ahead", counts["M001"] - 2, counts["M001"]))
        self.park.counts_moved.update(("M001", "M002"))  # the invariant about counts rightly names them

    def test_money_that_left_is_seen_too(self):
        name = self.backup()
        self.park.sim("set", meter="M001", balance_fen=self.truth("M001")[1] - 4000)
        self.park.sim("set", meter="M002", balance_fen=self.truth("M002")[1] + 4000)
        self.stop_programs()
        self.restore(name)
        self.start_again()
        checks = self.checks()
        self.assertEqual(checks["M001"], ("frozen", "balance_behind"))
        self.assertEqual(checks["M002"], ("frozen", "balance_ahead"))
        self.assertEqual(checks["M003"], ("passed", "none"))

    def test_nothing_is_sent_before_the_meter_was_compared(self):
        name = self.backup()
        self.stop_programs()
        self.restore(name)
        before = self.truth("M001")[0]
        self.park.start_poller()  # no jobs: nobody compares
        purchase = self.till.buy("M001", 5000)
        lib.wait_for("the delivery waits", lambda: self.sql(
            f"SELECT state, wait_code FROM delivery WHERE purchase_id = {purchase}") == [["pending", "restore_check"]], 60)
        self.assertEqual(self.truth("M001")[0], before)
        self.park.start_jobs()
        self.till.ended(purchase)
        self.assertEqual(self.truth("M001")[0], before + 1)
        self.till.check(self)


PAPER = b"%PDF-1.7\nbill of the lost day\n%%EOF\n"
SUSPENSE = ("INSERT IGNORE INTO ledger_account (code, channel) VALUES ('suspense', NULL), ('receivable', 'wechat');"
            "INSERT INTO payment (order_number, channel, amount_fen, state, disposition, suspense_reason, provider_transaction,"
            " settled_at) VALUES ('S{0}', 'wechat', {1}, 'settled', 'suspense', 'no_order', '{0}', UTC_TIMESTAMP(3));"
            "SET @payment = LAST_INSERT_ID();"
            "INSERT INTO payment_event (payment_id, source, channel, provider_transaction, order_number, paid, amount_fen, verified,"
            " verdict) VALUES (@payment, 'notice', 'wechat', '{0}', 'O{0}', 1, {1}, 1, 'no_order');"
            "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at) SELECT 'payment_suspense',"
            " 'payment', @payment, d.id, c.id, {1}, UTC_TIMESTAMP(3) FROM ledger_account d, ledger_account c"
            " WHERE d.code = 'receivable' AND d.channel = 'wechat' AND c.code = 'suspense'")


class Entered(Case):
    """What the lost time brought into the meters is entered by two people; then all goes on."""

    def setUp(self):
        super().setUp()
        self.park.start_jobs()
        self.park.start_web()
        self.buy("M001", 5000)
        for role in ("finance", "administrator"):  # their second factors are in the backup
            self.park.log_in(role)
        self.park.sql("UPDATE line SET writable = 0")
        self.waiting = self.till.buy("M002", 6000)  # paid, not delivered when the backup is made
        name = self.backup()
        self.park.sql("UPDATE line SET writable = 1")
        self.till.ended(self.waiting)
        self.lost = [self.till.buy("M001", 7000)]
        self.till.ended(self.lost[0])
        self.lost.append(self.till.buy("M001", 8000))
        self.till.ended(self.lost[1])
        self.stop_programs()
        self.restore(name)
        self.sql("UPDATE line SET writable = 1")
        self.start_again()
        self.park.start_cgi("staff")
        self.assertEqual(self.checks()["M001"], ("frozen", "count_ahead"))
        for lost in self.lost:
            del self.till.purchases[lost]
        self.park.sessions.clear()
        self.sql("UPDATE user SET totp_last_step = 0")
        self.clerk = self.park.log_in("finance")
        self.boss = self.park.log_in("administrator")
        self.paper = self.clerk.post("/documents", raw=PAPER, headers={"X-File-Name": "bill.pdf"})
        self.sql("REPLACE INTO pay_channel (channel, merchant, scenes, state, checked_at)"
                 " VALUES ('wechat', '', 'jsapi', 'up', UTC_TIMESTAMP(3) + INTERVAL 1 DAY)")

    def supply(self, number):
        return self.till.row(number)[0]

    def look(self, number):
        return self.clerk.get(f"/supplies/{self.supply(number)}/backfill")

    def enter(self, number, items, **more):
        body = {"items": items, "evidence_sha256": self.paper["sha256"], "reason": "数据库恢复后补录", **more}
        return self.clerk.post(f"/supplies/{self.supply(number)}/backfill", body, str(uuid.uuid4()))

    def refused(self, status, code, field, act, *args, **more):
        before = self.sql("SELECT (SELECT COUNT(*) FROM purchase), (SELECT COUNT(*) FROM payment), (SELECT COUNT(*) FROM transfer)")
        with self.assertRaises(parks.ApiError) as caught:
            act(*args, **more)
        problem = caught.exception.problem
        self.assertEqual((caught.exception.status, problem["code"], problem.get("field", "")), (status, code, field), problem)
        self.assertEqual(self.sql("SELECT (SELECT COUNT(*) FROM purchase), (SELECT COUNT(*) FROM payment),"
                                  " (SELECT COUNT(*) FROM transfer)"), before)
        return problem

    def agree(self, approval):
        self.sql("UPDATE user SET totp_last_step = 0")
        return self.boss.post(f"/approvals/{approval['id']}/decision",
                              {"decision": "approve", "reason": "看过账单和电表", "totp": lib.totp(self.park.secrets["administrator"])},
                              str(uuid.uuid4()))

    def unfreeze(self, number):
        unit = self.boss.meter(number)["unit_number"]
        return self.boss.post(f"/supplies/{self.supply(number)}/unfreeze", {"reason": "已补录", "unit_number": unit}, str(uuid.uuid4()))

    def applied_once(self, number):
        """Each count of the books was applied by the meter once, with the amount of the books."""
        supply = self.supply(number)
        ours = [(int(count), int(amount)) for count, amount in self.sql(
            f"SELECT purchase_count, amount_fen FROM delivery WHERE supply_id = {supply} AND state = 'confirmed' ORDER BY purchase_count")]
        meter = self.park.sim("get", meter=number)
        self.assertEqual([(entry["count"], entry["amount_fen"]) for entry in meter["applied"]], ours)
        self.assertEqual({entry["times"] for entry in meter["applied"]}, {1})
        self.assertEqual(meter["count"], ours[-1][0])

    def test_lost_purchases_are_entered_and_sales_go_on(self):
        slip = {"amount_fen": 7000, "channel": "transfer", "transaction": "SLIP-7"}
        online = {"amount_fen": 8000, "channel": "wechat", "transaction": "4200007", "order_number": "O4200007"}
        page = self.look("M001")
        self.assertEqual((page["meter_count"] - page["our_count"], page["purchases"]), (2, []))
        self.assertLessEqual(page["least_fen"], 15000)
        self.assertGreaterEqual(page["most_fen"], 15000)
        item = next(one for one in self.clerk.get("/waiting")["items"] if one["object_id"] == self.supply("M001"))
        self.assertEqual((item["code"], [button["code"] for button in item["buttons"]]), ("count_ahead", ["backfill", "unfreeze"]))
        self.refused(409, "wrong_number", "items", self.enter, "M001", [slip])
        problem = self.refused(409, "wrong_sum", "items", self.enter, "M001", [slip, {**online, "amount_fen": 20000}])
        self.assertRegex(problem["detail"], r"1[12]\d\.\d\d is too much")
        problem = self.refused(409, "wrong_sum", "items", self.enter, "M001", [slip, {**online, "amount_fen": 3000}])
        self.assertRegex(problem["detail"], r"(49|50)\.\d\d is missing")
        self.refused(400, "twice", "items", self.enter, "M001", [slip, slip])
        self.refused(400, "no_document", "evidence_sha256", self.enter, "M001", [slip, online], evidence_sha256="5a" * 32)
        self.refused(400, "invalid_field", "channel", self.enter, "M001", [slip, {**online, "channel": "alipay"}])
        self.refused(400, "invalid_field", "order_number", self.enter, "M001", [slip, {**online, "order_number": None}])
        self.refused(400, "invalid_field", "transaction", self.enter, "M001", [{"amount_fen": 7000, "channel": "cash"}, online])
        self.refused(400, "invalid_field", "amount_fen", self.enter, "M001", [slip, {**online, "amount_fen": 0}])
        self.refused(400, "invalid_field", "amount_fen", self.enter, "M001", [slip, {**online, "amount_fen": None}])
        self.refused(409, "wrong_purchase", "purchase_id", self.enter, "M001", [slip, {"purchase_id": self.waiting}])
        self.refused(409, "transaction_known", "transaction", self.enter, "M001", [
            slip, {"amount_fen": 8000, "channel": "wechat", "transaction": "T00001", "order_number": "new"}])
        self.refused(409, "order_known", "order_number", self.enter, "M001", [slip, {**online, "order_number": "O00001"}])
        self.refused(409, "not_ahead", "", self.look, "M003")
        approval = self.enter("M001", [slip, online])
        self.assertEqual((approval["kind"], approval["state"]), ("backfill", "open"))
        page = self.boss.get(f"/approvals/{approval['id']}")
        self.assertEqual((page["payload"]["entered_fen"], len(page["payload"]["items"])), (15000, 2))
        self.assertEqual(lib.Client.get(self.boss, f"/documents/{page['payload']['document_id']}").body, PAPER)
        self.agree(approval)
        self.refused(409, "not_ahead", "", self.look, "M001")
        self.applied_once("M001")
        self.refused(409, "not_ahead", "", self.enter, "M001", [slip, online])
        self.unfreeze("M001")
        again = self.buy("M001", 4000)
        self.assertEqual(again["state"], "confirmed")
        self.applied_once("M001")
        self.till.purchases.pop(self.waiting)
        self.till.check(self, but=("I09",))  # M002 is still ahead
        self.park.counts_moved.add("M002")

    def test_what_was_paid_before_and_what_came_into_suspense(self):
        self.sql(SUSPENSE.format("4200008", 8000))
        self.assertEqual([one["purchase_id"] for one in self.look("M002")["purchases"]], [self.waiting])
        approval = self.enter("M002", [{"purchase_id": self.waiting}])
        receipt = {"amount_fen": 7000, "channel": "cash", "order_number": "P20261122-0042"}
        online = {"amount_fen": 8000, "channel": "wechat", "transaction": "4200008", "order_number": "O4200008"}
        self.refused(409, "transaction_known", "transaction", self.enter, "M001", [{**receipt, "amount_fen": 7001}, {
            **online, "amount_fen": 7999}])
        other = self.enter("M001", [receipt, online])
        self.agree(approval)
        self.agree(other)
        for number in ("M001", "M002"):
            self.applied_once(number)
            self.unfreeze(number)
        self.assertEqual(self.sql("SELECT disposition FROM payment WHERE provider_transaction = '4200008'"), [["delivered"]])
        self.assertEqual(self.sql("SELECT number FROM purchase WHERE amount_fen = 7000"), [["P20261122-0042"]])
        self.assertEqual(self.clerk.get("/waiting")["items"], [])
        for number in ("M001", "M002"):
            self.buy(number, 3000)
            self.applied_once(number)
        self.till.check(self)

    def test_the_second_person_agrees_to_what_is_true_then(self):
        slip = {"amount_fen": 6000, "channel": "transfer", "transaction": "SLIP-6"}
        both = [self.enter("M002", [{"purchase_id": self.waiting}]), None]
        self.refused(409, "conflict", "", self.enter, "M002", [{"purchase_id": self.waiting}])
        self.sql("UPDATE approval SET state = 'rejected', decided_at = UTC_TIMESTAMP(3), checker_id = 1 WHERE kind = 'backfill'")
        both[1] = self.enter("M002", [slip])
        self.sql("UPDATE approval SET state = 'open', decided_at = NULL, checker_id = NULL WHERE kind = 'backfill'")
        self.agree(both[1])
        self.refused(409, "not_ahead", "", self.agree, both[0])
        self.applied_once("M002")
        # the purchase that the person did not recognise is still owed, and delivered with the next count
        self.unfreeze("M002")
        self.till.ended(self.waiting)
        self.applied_once("M002")
        self.till.check(self, but=("I09",))  # M001 is still ahead
        self.park.counts_moved.add("M001")


class Replay(Case):
    def test_with_the_binlogs_nothing_is_lost(self):
        self.buy("M001", 5000)
        name = self.backup()
        self.buy("M001", 7000)
        self.buy("M002", 8000)
        self.stop_programs()
        tables = ("purchase", "payment", "delivery", "transfer", "payment_event")
        books = {table: self.sql(f"SELECT * FROM {table} ORDER BY 1") for table in tables}
        self.restore(name, "--replay")
        self.assertEqual({table: self.sql(f"SELECT * FROM {table} ORDER BY 1") for table in tables}, books)
        self.start_again()
        self.assertEqual(set(self.checks().values()), {("passed", "none")})
        self.buy("M001", 1000)
        self.till.check(self)

    def test_until_a_moment_with_copied_binlogs(self):
        self.buy("M001", 5000)
        name = self.backup()
        self.buy("M002", 7000)
        lib.time.sleep(1.2)  # binlogs know seconds
        moment = self.sql("SELECT DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%dT%H:%i:%sZ')")[0][0]
        lib.time.sleep(1.2)
        self.buy("M001", 8000)
        self.stop_programs()
        copies = self.park.path("binlogs")
        os.mkdir(copies)
        data = self.park.path("mysql")
        for file in os.listdir(data):
            if re.match(r"mysql-bin\.\d+$", file):
                shutil.copy(os.path.join(data, file), copies)
        said = self.restore(name, "--binlogs", copies, "--until", moment)
        self.assertIn("The binlogs are replayed", said)
        self.assertEqual([row[0] for row in self.sql("SELECT amount_fen FROM purchase ORDER BY id")], ["5000", "7000"])
        self.start_again()
        checks = self.checks()
        self.assertEqual(checks["M001"], ("frozen", "count_ahead"))
        self.assertEqual(checks["M002"], ("passed", "none"))
        self.park.counts_moved.add("M001")


class Refused(Case):
    def test_what_is_refused_changes_nothing(self):
        self.buy("M001", 5000)
        name = self.backup()
        self.buy("M001", 7000)

        def refused(words, *more, text=None):
            done = subprocess.run([self.park.program("ctl/paywattctl"), "--config", self.park.ini, "restore", *more], text=True,
                                  input=text, capture_output=True, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(words, done.stdout + done.stderr)
            self.assertEqual(self.sql("SELECT COUNT(*) FROM purchase"), [["2"]])
            self.assertEqual(self.sql("SELECT COUNT(*) FROM restore_run"), [["0"]])

        refused("programs are connected (pw_poller)", name, *ROOT, "--yes")
        self.park.stop_one("poller")
        refused("not confirmed", name, *ROOT, text="yes\n")
        refused("needs --reason", name, "--root-socket-user", "root", "--yes")
        refused("needs --root-socket-user", name, "--reason", "x", "--yes")
        refused("is not the name of a backup", "../x", *ROOT, "--yes")
        refused("No such file", "20200101T000000Z", *ROOT, "--yes")
        refused("--until is a time", name, *ROOT, "--until", "yesterday")
        refused("is not in", name, *ROOT, "--yes", "--binlogs", self.park.secret)
        path = os.path.join(self.folder, name, "dump.sql.gz")
        with open(path, "r+b") as file:
            file.seek(500)
            byte = file.read(1)
            file.seek(500)
            file.write(bytes([byte[0] ^ 1]))
        refused("dump.sql.gz is damaged", name, *ROOT, "--yes")
        with open(path, "r+b") as file:
            file.seek(500)
            file.write(byte)
        self.assertEqual(self.park.client(["-e", "SHOW DATABASES LIKE 'paywatt%'"]).stdout.split(), ["paywatt"])
        # the programs can log in again
        self.park.start_poller()
        self.buy("M002", 1000)
        self.till.check(self)
        self.assertEqual(invariants.check(self.park), {})


if __name__ == "__main__":
    unittest.main(verbosity=2)
