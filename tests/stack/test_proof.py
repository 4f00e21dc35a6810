"""The daily proof: days of supplies closed by paywatt-jobs out of readings, purchases and refunds, each posting once."""
import datetime
import os
import signal
import sys
import time
import unittest
import uuid
import zoneinfo

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import ctl  # noqa: E402
import invariants  # noqa: E402
import lib  # noqa: E402

ZONE = zoneinfo.ZoneInfo("Asia/Shanghai")
UTC = datetime.timezone.utc


def midnight(days_ago):
    """The beginning of a day of the site, that many days before today, in UTC."""
    today = datetime.datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return (today - datetime.timedelta(days=days_ago)).astimezone(UTC)


def hours(number):
    return datetime.timedelta(hours=number)


def text(at):
    return at.strftime("%Y-%m-%d %H:%M:%S.") + f"{at.microsecond // 1000:03d}"


class Meter:
    """A supply whose meter holds money, as this test plays it: everything it says goes into the history."""

    price_e4 = 8000

    def __init__(self, case, number, opened_at, balance_fen=10000, energy_wh=500000):
        self.case = case
        self.supply, self.meter = (int(value) for value in case.sql(
            f"SELECT s.id, m.id FROM meter m JOIN supply s ON s.meter_id = m.id WHERE m.number = '{number}'")[0])
        self.epoch = 1
        self.count = 7
        self.balance_fen = balance_fen
        self.cost_e5 = 0
        self.energy_wh = energy_wh
        case.sql(f"INSERT INTO account (site_id, number, name, state, opened_at) VALUES (1, 'A{self.supply}', '店', 'open',"
                 f" '{text(opened_at)}'); INSERT INTO account_supply (account_id, supply_id, from_at)"
                 f" VALUES (LAST_INSERT_ID(), {self.supply}, '{text(opened_at)}')")
        self.account = case.number(f"SELECT account_id FROM account_supply WHERE supply_id = {self.supply}")
        self.open_epoch(opened_at)

    def open_epoch(self, at, posting="opening"):
        self.case.sql(
            f"INSERT INTO supply_epoch (supply_id, epoch, meter_id, open_count, open_balance_fen, open_energy_wh, opened_at)"
            f" VALUES ({self.supply}, {self.epoch}, {self.meter}, {self.count}, {self.now_fen()}, {self.energy_wh}, '{text(at)}')")
        self.read(at)
        if self.now_fen() != 0:
            opens = posting == "opening"
            self.post(posting, "epoch" if opens else "swap", f"(SELECT MAX(id) FROM supply_epoch WHERE supply_id = {self.supply})",
                      "opening" if opens else "adjustment_clearing", 0 if opens else self.supply, "tenant_liability", self.supply,
                      self.now_fen(), at)

    def now_fen(self):
        return self.balance_fen - self.cost_e5 // 100000

    def use(self, wh, price_e4=None):
        self.energy_wh += wh
        self.cost_e5 += wh * (price_e4 or self.price_e4)

    def read(self, at):
        self.case.readings.append(f"({self.meter}, '{text(at)}', {self.epoch}, {self.energy_wh}, 0, 0, {self.energy_wh}, 0, {self.now_fen()},"
                                  f" {self.count})")

    def day(self, start, wh, every=0.25, price_e4=None):
        """A day of even use, read at its beginning and each quarter of an hour; its end is the next day's beginning."""
        steps = int(24 / every)
        for step in range(steps):
            self.read(start + hours(every * step) + datetime.timedelta(seconds=7))
            self.use(wh // steps, price_e4)

    def post(self, posting, kind, object_id, debit, debit_supply, credit, credit_supply, fen, at):
        accounts = []
        for code, supply in ((debit, debit_supply), (credit, credit_supply)):
            owner = f"{supply or 'NULL'}, {repr('cash') if code == 'receivable' else 'NULL'}"
            self.case.sql(f"INSERT IGNORE INTO ledger_account (code, supply_id, channel) VALUES ('{code}', {owner})")
            accounts.append(f"(SELECT id FROM ledger_account WHERE code = '{code}' AND supply_id <=> {supply or 'NULL'})")
        self.case.sql(f"INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at) VALUES ('{posting}',"
                      f" '{kind}', {object_id}, {accounts[0]}, {accounts[1]}, {fen}, '{text(at)}')")

    def pay(self, fen, at, posted_at=None, origin="payment"):
        """A purchase that the meter takes at a moment, and that is confirmed then or later. origin correction: funded by corrections."""
        before_fen, before = self.now_fen(), self.count
        self.count += 1
        self.balance_fen += fen
        done = text(posted_at or at)
        number = f"S{self.supply}-{self.epoch}-{self.count}"
        self.case.sql(
            f"INSERT INTO purchase (number, account_id, supply_id, epoch, mode, origin, amount_fen, state, actor_kind, paid_at, ended_at) VALUES"
            f" ('{number}', {self.account}, {self.supply}, {self.epoch}, 'meter', '{origin}', {fen}, 'delivered', 'user', '{done}', '{done}')")
        if origin == "payment":
            self.case.sql(f"INSERT INTO payment (order_number, purchase_id, channel, amount_fen, state, disposition, settled_at) VALUES"
            f" ('{number}', (SELECT MAX(id) FROM purchase), 'cash', {fen}, 'settled', 'delivered', '{done}');"
            "INSERT INTO payment_event (payment_id, source, channel, order_number, paid, amount_fen, verified, verdict) VALUES"
            f" (LAST_INSERT_ID(), 'counter', 'cash', '{number}', TRUE, {fen}, TRUE, 'settle')")
        self.case.sql(
            "INSERT INTO delivery (purchase_id, supply_id, epoch, meter_id, amount_fen, state, purchase_count, claimed_at, before_serial,"
            " before_count, before_balance_fen, after_count, after_balance_fen, use_cost_fen, tolerance_fen, ended_at)"
            f" SELECT id, supply_id, epoch, {self.meter}, amount_fen, 'confirmed', {self.count}, '{done}', 's', {before}, {before_fen},"
            f" {self.count}, {self.now_fen()}, 0, 5, '{done}' FROM purchase WHERE number = '{number}'")
        purchase = self.case.number(f"SELECT id FROM purchase WHERE number = '{number}'")
        if origin == "payment":
            self.post("payment_settled", "payment", f"(SELECT id FROM payment WHERE purchase_id = {purchase})", "receivable", 0,
                      "meter_clearing", self.supply, fen, posted_at or at)
        else:
            self.post("correction_given", "purchase", purchase, "corrections", 0, "meter_clearing", self.supply, fen, posted_at or at)
        self.post("delivery_confirmed", "delivery", f"(SELECT id FROM delivery WHERE purchase_id = {purchase})", "meter_clearing",
                  self.supply, "tenant_liability", self.supply, fen, posted_at or at)

    def adjust(self, left_fen, written_at, ended_at, kind="refund"):
        old_fen = self.now_fen()
        self.balance_fen -= left_fen
        self.case.sql(
            "INSERT INTO adjustment (kind, account_id, supply_id, epoch, meter_id, amount_fen, state, reason, maker_id, checker_id, old_count,"
            " old_balance_fen, new_count, new_balance_fen, read_count, read_balance_fen, left_fen, writes, written_at, ended_at) VALUES"
            f" ('{kind}', {self.account}, {self.supply}, {self.epoch}, {self.meter}, {left_fen}, 'applied', 'x', 1, 2, {self.count}, {old_fen},"
            f" {self.count}, {self.now_fen()}, {self.count}, {self.now_fen()}, {left_fen}, 1, '{text(written_at)}', '{text(ended_at)}')")
        adjustment = f"(SELECT MAX(id) FROM adjustment WHERE supply_id = {self.supply})"
        if kind == "correction":
            self.post("correction", "adjustment", adjustment, "corrections", 0, "tenant_liability", self.supply, -left_fen, ended_at)
        else:
            self.post("adjustment_applied", "adjustment", adjustment, "tenant_liability", self.supply, "adjustment_clearing", self.supply,
                      left_fen, ended_at)

    def swap(self, at, number, balance_fen=0):
        """Another meter takes over: the epoch ends with what the old one says; the new one may hold a part of its money already."""
        self.case.sql(f"UPDATE supply_epoch SET closed_at = '{text(at)}', close_count = {self.count}, close_balance_fen = {self.now_fen()},"
                      f" close_energy_wh = {self.energy_wh} WHERE supply_id = {self.supply} AND epoch = {self.epoch}")
        self.meter = self.case.number(f"SELECT id FROM meter WHERE number = '{number}'")
        self.epoch += 1
        self.case.sql(f"DELETE FROM supply WHERE meter_id = {self.meter};"
                      f"UPDATE supply SET meter_id = {self.meter}, epoch = {self.epoch} WHERE id = {self.supply}")
        self.count, self.balance_fen, self.cost_e5, self.energy_wh = 0, balance_fen, 0, 120
        self.open_epoch(at + datetime.timedelta(minutes=20), "swap_carried")

    def tariff(self, code, versions):
        """versions: (from, price per kWh in 1/10000 yuan)."""
        self.case.sql(f"INSERT INTO tariff (site_id, code, name) VALUES (1, '{code}', '{code}')")
        for at, price_e4 in versions:
            body = '{"period": {"every": "month", "day": 1}, "prices_e4": {"flat": %d}}' % price_e4
            self.case.sql(f"INSERT INTO tariff_version (tariff_id, valid_from_at, kind, body) SELECT id, '{text(at)}', 'single', '{body}'"
                          f" FROM tariff WHERE code = '{code}'")
        self.case.sql(f"INSERT INTO supply_tariff (supply_id, valid_from_at, tariff_id) SELECT {self.supply}, '{text(versions[0][0])}', id"
                      f" FROM tariff WHERE code = '{code}'")

    def holds_prices(self, price_e4):
        self.case.sql("REPLACE INTO meter_parameter (meter_id, read_at, price_sharp_e4, price_peak_e4, price_flat_e4, price_valley_e4)"
                      f" VALUES ({self.meter}, UTC_TIMESTAMP(3), {price_e4}, {price_e4}, {price_e4}, {price_e4})")

    def proofs(self, columns):
        return self.case.sql(f"SELECT {columns} FROM proof WHERE supply_id = {self.supply} ORDER BY to_at")

    def state(self):
        return self.case.sql(f"SELECT IFNULL(day, ''), wait_code FROM proof_state WHERE supply_id = {self.supply}")[0]


class Case(unittest.TestCase):
    readings = []

    @classmethod
    def setUpClass(cls):
        cls.servers = ctl.Operator()
        cls.servers.migrate_root()
        cls.servers.ctl("import", ctl.PARK, "--commit")
        for name in ("ann", "bob"):
            cls.servers.sql(f"INSERT INTO user (name, display_name, role_id, password_hash) SELECT '{name}', '{name}', MIN(id), '' FROM role")

    @classmethod
    def tearDownClass(cls):
        cls.servers.stop()

    def setUp(self):
        self.servers.sql("DELETE FROM alarm WHERE kind = 'proof_gap'; DELETE FROM proof_review; DELETE FROM proof_state; DELETE FROM proof_line; DELETE FROM proof; DELETE FROM transfer; DELETE FROM refund;"
                         "DELETE FROM charge; DELETE FROM platform_span; DELETE FROM mode_change; DELETE FROM adjustment; DELETE FROM delivery; DELETE FROM payment_event; DELETE FROM payment; DELETE FROM purchase;"
                         "DELETE FROM ledger_account; DELETE FROM supply_epoch; DELETE FROM account_supply; DELETE FROM account;"
                         "DELETE FROM reading; DELETE FROM supply_tariff; DELETE FROM tariff_version; DELETE FROM tariff;"
                         "DELETE FROM meter_parameter; DELETE FROM program_heartbeat; UPDATE supply SET billing_mode = 'meter'")

    def tearDown(self):
        self.servers.stop_one("jobs")
        self.assertEqual(invariants.check(self.servers), {})

    def sql(self, statement):
        """Readings go in together, before the next statement that is not one."""
        rows, self.readings = self.readings, []
        if rows:
            self.servers.sql("INSERT INTO reading (meter_id, taken_at, epoch, energy_wh, energy_sharp_wh, energy_peak_wh, energy_flat_wh,"
                             " energy_valley_wh, balance_fen, purchase_count) VALUES " + ", ".join(rows))
        return self.servers.sql(statement)

    def number(self, query):
        return int(self.sql(query)[0][0])

    def settled(self):
        return self.number("SELECT COUNT(*) FROM supply_epoch e LEFT JOIN proof_state p ON p.supply_id = e.supply_id"
                           " WHERE p.due_at IS NULL OR p.due_at <= UTC_TIMESTAMP(3)") == 0

    def prove(self, seconds=60):
        """Everything that is over, now; what waits is looked at again."""
        self.servers.stop_one("jobs")
        self.sql("UPDATE proof_state SET due_at = '2000-01-01'")
        self.servers.start_jobs()
        lib.wait_for("the proofs", self.settled, seconds)
        self.servers.stop_one("jobs")

    def ledger(self, code, supply=None):
        where = "IS NULL" if supply is None else f"= {supply}"
        return self.number("SELECT COALESCE(SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)), 0) FROM ledger_account a"
                           f" JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) WHERE a.code = '{code}' AND a.supply_id {where}")


class Days(Case):
    def test_plain_days_and_a_second_run(self):
        meter = Meter(self, "L01-01", midnight(3) + hours(10))
        meter.tariff("T1", [(midnight(40), 8000)])
        meter.day(midnight(3) + hours(10), 14000, 0.5)  # to midnight and into the next day
        for ago in (2, 1):
            meter.day(midnight(ago) + hours(10), 24000)
        self.prove()
        rows = meter.proofs("opening_fen, paid_in_fen, used_fen, refunded_fen, corrected_fen, closing_fen, meter_fen, how, difference")
        self.assertEqual([row[7:] for row in rows], [["read", "same"]] * 3)
        self.assertEqual(rows[0][0], "10000")
        self.assertEqual(rows[0][5], rows[1][0])
        self.assertEqual([row[5] for row in rows], [row[6] for row in rows])
        self.assertEqual(self.ledger("tenant_liability", meter.supply), int(rows[2][5]))
        self.assertEqual(self.ledger("revenue"), 10000 - int(rows[2][5]))
        self.assertEqual(meter.state(), ["", ""])
        before = self.sql("SELECT * FROM proof; SELECT * FROM transfer")
        self.prove()
        self.assertEqual(self.sql("SELECT * FROM proof; SELECT * FROM transfer"), before)

    def test_a_sale_across_the_boundary_goes_by_the_count(self):
        meter = Meter(self, "L01-02", midnight(2))
        meter.day(midnight(2), 24000)
        meter.pay(5000, midnight(1) - datetime.timedelta(seconds=3), posted_at=midnight(1) + datetime.timedelta(seconds=9))
        meter.day(midnight(1), 24000)
        meter.read(midnight(0) + datetime.timedelta(seconds=2))
        meter.pay(3000, midnight(0) + datetime.timedelta(seconds=5))  # after the boundary's reading: of the next day
        self.prove()
        rows = meter.proofs("paid_in_fen, used_fen, purchase_count")
        self.assertEqual([(row[0], row[2]) for row in rows], [("5000", "8"), ("0", "8")])
        self.assertAlmostEqual(int(rows[0][1]), 1920, delta=2)
        self.assertEqual(self.sql("SELECT kind, change_fen FROM proof_line ORDER BY transfer_id"), [["opening", "10000"], ["paid_in", "5000"]])

    def test_refund_and_correction(self):
        meter = Meter(self, "L01-03", midnight(2), balance_fen=50000)
        meter.day(midnight(2), 24000)
        cut = midnight(1)
        meter.adjust(8000, cut - datetime.timedelta(seconds=5), cut + datetime.timedelta(seconds=20))
        meter.read(cut + datetime.timedelta(seconds=1))  # written and not read back yet: the balance says that it left
        meter.adjust(-700, cut + hours(1), cut + hours(1.01), kind="correction")
        meter.day(cut, 24000)
        meter.read(midnight(0) + datetime.timedelta(seconds=1))
        self.prove()
        rows = meter.proofs("refunded_fen, corrected_fen, used_fen")
        self.assertEqual([row[:2] for row in rows], [["8000", "0"], ["0", "700"]])
        for row in rows:
            self.assertAlmostEqual(int(row[2]), 1920, delta=2)

    def test_a_silent_meter_waits_and_is_estimated(self):
        meter = Meter(self, "L01-04", midnight(3))
        meter.tariff("T4", [(midnight(40), 8000)])
        meter.day(midnight(3), 24000)
        meter.read(midnight(2) + datetime.timedelta(seconds=1))
        meter.use(6000)
        meter.read(midnight(2) + hours(6))
        self.prove()
        self.assertEqual(len(meter.proofs("id")), 1)
        self.assertEqual(meter.state()[1], "reading")
        meter.use(30000)  # thirty hours of silence
        self.sql("INSERT INTO program_heartbeat (program, at, started_at, pid, spool_rows) VALUES ('poller', NOW(), NOW(), 1, 5)")
        meter.read(midnight(1) + hours(12))
        self.prove()
        self.assertEqual(meter.state()[1], "spool")  # what the poller holds back may say better
        self.sql("UPDATE program_heartbeat SET spool_rows = 0")
        meter.use(12000)
        meter.read(midnight(0) + datetime.timedelta(seconds=1))
        self.prove()
        rows = meter.proofs("how, used_fen, used_wh, difference")
        self.assertEqual([row[0] for row in rows], ["read", "estimated", "read"])
        self.assertAlmostEqual(int(rows[1][2]), 24000, delta=20)
        self.assertAlmostEqual(int(rows[1][1]), 1920, delta=3)
        self.assertEqual([row[3] for row in rows], ["same"] * 3)
        meter.read(midnight(1) + datetime.timedelta(seconds=30))  # comes late: nothing is computed again
        before = self.sql("SELECT * FROM proof")
        self.prove()
        self.assertEqual(self.sql("SELECT * FROM proof"), before)

    def test_money_on_its_way_holds_the_day(self):
        meter = Meter(self, "L01-05", midnight(1))
        meter.day(midnight(1), 24000)
        meter.pay(5000, midnight(0) - datetime.timedelta(seconds=3))
        meter.read(midnight(0) + datetime.timedelta(seconds=1))
        self.sql("SET check_constraint_checks = 0; UPDATE delivery SET state = 'manual', ended_at = NULL; UPDATE transfer SET posting = 'x' WHERE"
                 " posting = 'delivery_confirmed'; UPDATE purchase SET state = 'paid'; UPDATE payment SET disposition = 'pending'")
        self.sql("CREATE TABLE kept AS SELECT * FROM transfer WHERE posting = 'x'; DELETE FROM transfer WHERE posting = 'x'")
        self.prove()
        self.assertEqual((len(meter.proofs("id")), meter.state()[1]), (0, "delivery"))
        self.sql("INSERT INTO transfer SELECT * FROM kept; DROP TABLE kept; UPDATE transfer SET posting = 'delivery_confirmed' WHERE"
                 " posting = 'x'; UPDATE delivery SET state = 'confirmed', ended_at = NOW(); UPDATE purchase SET state = 'delivered';"
                 "UPDATE payment SET disposition = 'delivered'")
        self.prove()
        self.assertEqual(meter.proofs("paid_in_fen"), [["5000"]])

    def test_another_meter_within_a_day(self):
        meter = Meter(self, "L01-06", midnight(2), balance_fen=20000)
        meter.day(midnight(2), 24000)
        meter.day(midnight(1), 12000, 0.5)
        at = midnight(1) + hours(24)
        self.sql("DELETE FROM reading WHERE meter_id = %d AND taken_at >= '%s'" % (meter.meter, text(midnight(1) + hours(12))))
        swap_at = midnight(1) + hours(12)
        left_fen = meter.now_fen()
        meter.adjust(left_fen, swap_at - hours(0.1), swap_at - hours(0.05), kind="swap")
        meter.read(swap_at - hours(0.02))
        meter.swap(swap_at, "L01-07", balance_fen=300)
        meter.pay(left_fen - 300, swap_at + hours(0.5))
        meter.read(swap_at + hours(0.5))
        meter.use(8000)
        meter.read(at + datetime.timedelta(seconds=3))
        self.prove()
        rows = meter.proofs("epoch, how, opening_fen, paid_in_fen, used_fen, refunded_fen, closing_fen")
        self.assertEqual([row[:2] for row in rows], [["1", "read"], ["1", "given"], ["2", "read"]])
        self.assertEqual((rows[1][5], rows[1][6]), (str(left_fen), "0"))
        self.assertEqual((rows[2][3], rows[2][4], rows[2][6]), (str(left_fen - 300), "640", str(meter.now_fen())))
        days = self.sql(f"SELECT SUM(used_fen), SUM(paid_in_fen), SUM(refunded_fen) FROM proof WHERE supply_id = {meter.supply} GROUP BY day")
        self.assertEqual(len(days), 2)

    def test_use_that_a_closing_posted_is_not_posted_again(self):
        meter = Meter(self, "L01-10", midnight(1))
        meter.day(midnight(1), 24000)
        out = midnight(0) - datetime.timedelta(seconds=100)
        meter.adjust(meter.now_fen(), out, out + datetime.timedelta(seconds=10), kind="close")
        meter.post("use", "account_close", 1, "tenant_liability", meter.supply, "revenue", 0, 1920, out + datetime.timedelta(seconds=20))
        meter.read(midnight(0) + datetime.timedelta(seconds=3))
        self.prove()
        self.assertEqual(meter.proofs("used_fen, closing_fen"), [["1920", "0"]])
        self.assertEqual((self.ledger("tenant_liability", meter.supply), self.ledger("revenue")), (0, 1920))

    def test_a_handed_over_shop_is_cut_there(self):
        meter = Meter(self, "L01-08", midnight(1))
        meter.day(midnight(1), 24000)
        cut = midnight(1) + hours(9)
        self.sql(f"UPDATE account_supply SET until_at = '{text(cut)}' WHERE supply_id = {meter.supply};"
                 f"INSERT INTO account (site_id, number, name, state, opened_at) VALUES (1, 'B', 'B', 'open', '{text(cut)}');"
                 f"INSERT INTO account_supply (account_id, supply_id, from_at) VALUES (LAST_INSERT_ID(), {meter.supply}, '{text(cut)}')")
        meter.read(midnight(0) + datetime.timedelta(seconds=3))
        self.prove()
        rows = meter.proofs("account_id, used_fen")
        self.assertEqual(len({row[0] for row in rows}), 2)
        self.assertAlmostEqual(int(rows[0][1]), 720, delta=2)
        self.assertAlmostEqual(int(rows[1][1]), 1200, delta=2)

    def test_what_the_ledger_charged_in_platform_mode(self):
        meter = Meter(self, "L01-09", midnight(1), balance_fen=3000)
        self.sql(f"UPDATE supply SET billing_mode = 'platform' WHERE id = {meter.supply}")
        meter.tariff("T9", [(midnight(40), 8000)])
        start = midnight(1)

        def charge(until, number, fen, cost_e5):
            self.sql(f"INSERT INTO charge (id, supply_id, epoch, from_at, to_at, tariff_id, mode, estimated, energy_wh, fen, period_start_at,"
                     f" period_wh, cost_e5) SELECT {number}, {meter.supply}, 1, '{text(until - hours(12))}', '{text(until)}', id, 'by_time', FALSE,"
                     f" {500000 + number}, {fen}, '{text(start)}', {number}, {cost_e5} FROM tariff")
            meter.post("use", "charge", number, "tenant_liability", meter.supply, "revenue", 0, fen, until - datetime.timedelta(milliseconds=1))

        charge(start + hours(12), 1, 100, 10000000)
        self.prove()
        self.assertEqual((len(meter.proofs("id")), meter.state()[1]), (0, "charge"))
        charge(start + hours(24), 2, 150, 25000000)
        self.prove()
        self.assertEqual(meter.proofs("opening_fen, used_fen, closing_fen, IFNULL(meter_fen, '-'), how"), [["3000", "250", "2750", "-", "charged"]])


class Modes(Case):
    def change(self, meter, at, to_mode, moved_fen, posted_at):
        """A change of mode as the poller leaves it behind: an adjustment, the change, and both transfers."""
        sign = 1 if to_mode == "platform" else -1
        old_fen = meter.now_fen()
        meter.balance_fen -= sign * moved_fen
        self.sql(
            "INSERT INTO adjustment (kind, account_id, supply_id, epoch, meter_id, amount_fen, state, reason, maker_id, checker_id, old_count,"
            " old_balance_fen, new_count, new_balance_fen, read_count, read_balance_fen, left_fen, writes, written_at, ended_at) VALUES"
            f" ('mode', {meter.account}, {meter.supply}, 1, {meter.meter}, 0, 'applied', 'x', 1, 2, {meter.count}, {old_fen}, {meter.count},"
            f" {meter.now_fen()}, {meter.count}, {meter.now_fen()}, {sign * moved_fen}, 1, '{text(at - hours(0.01))}', '{text(posted_at)}');"
            "INSERT INTO mode_change (supply_id, account_id, epoch, to_mode, state, reason, maker_id, checker_id, adjustment_id, moved_fen, ended_at)"
            f" VALUES ({meter.supply}, {meter.account}, 1, '{to_mode}', 'done', 'x', 1, 2, LAST_INSERT_ID(), {moved_fen}, '{text(posted_at)}')")
        change = self.number("SELECT MAX(id) FROM mode_change")
        if to_mode == "platform":
            meter.post("adjustment_applied", "adjustment", f"(SELECT adjustment_id FROM mode_change WHERE id = {change})", "tenant_liability",
                       meter.supply, "adjustment_clearing", meter.supply, moved_fen, posted_at)
        else:
            meter.post("mode_held", "mode_change", change, "tenant_liability", meter.supply, "adjustment_clearing", meter.supply, moved_fen,
                       posted_at)
        kind, of = ("mode_change", change) if to_mode == "platform" else (
            "adjustment", f"(SELECT adjustment_id FROM mode_change WHERE id = {change})")
        meter.post("mode_changed", kind, of, "adjustment_clearing", meter.supply, "tenant_liability", meter.supply, moved_fen,
                   posted_at)
        return change

    def charge(self, meter, begin, end, fen, period_wh, cost_e5):
        self.sql("INSERT INTO charge (supply_id, epoch, span_id, from_at, to_at, tariff_id, mode, estimated, energy_wh, fen, period_start_at,"
                 f" period_wh, cost_e5) SELECT {meter.supply}, 1, s.id, '{text(begin)}', '{text(end)}', t.id, 'by_time', FALSE, {meter.energy_wh},"
                 f" {fen}, '2026-01-01', {period_wh}, {cost_e5} FROM tariff t, platform_span s")
        meter.post("use", "charge", "(SELECT MAX(id) FROM charge)", "tenant_liability", meter.supply, "revenue", 0, fen, end)

    def test_to_the_ledger_and_back_within_days(self):
        meter = Meter(self, "L04-01", midnight(2), balance_fen=20000)
        meter.tariff("X", [(midnight(40), 8000)])
        noon, ten = midnight(2) + hours(12), midnight(1) + hours(10)
        for step in range(48):
            meter.read(midnight(2) + hours(0.25 * step) + datetime.timedelta(seconds=7))
            meter.use(250)
        meter.use(3)  # the last watt-hours before the trip are seen by the adjustment alone
        left_fen = meter.now_fen()
        change = self.change(meter, noon, "platform", left_fen, noon + datetime.timedelta(seconds=4))
        self.assertEqual(meter.now_fen(), 0)
        self.sql(f"INSERT INTO platform_span (supply_id, epoch, mode_change_id, from_at, energy_wh, charged_at, seen_at) VALUES ({meter.supply}, 1,"
                 f" {change}, '{text(noon)}', {meter.energy_wh}, '{text(noon)}', '{text(noon)}')")
        meter.energy_wh += 12000
        self.charge(meter, noon, midnight(1), 960, 12000, 96000000)
        meter.energy_wh += 10000
        self.charge(meter, midnight(1), ten, 800, 22000, 176000000)
        held_fen = left_fen - 1760
        back = self.change(meter, ten, "meter", held_fen, ten + datetime.timedelta(seconds=4))
        self.sql(f"UPDATE platform_span SET charged_at = '{text(ten)}', until_at = '{text(ten)}', end_change_id = {back}")
        meter.read(ten + datetime.timedelta(seconds=1))
        meter.use(14000)
        meter.read(midnight(0) + datetime.timedelta(seconds=1))
        self.prove()
        rows = meter.proofs("mode, how, used_fen, used_wh, difference")
        self.assertEqual([row[:2] for row in rows], [["meter", "given"], ["platform", "charged"], ["platform", "charged"], ["meter", "read"]])
        self.assertEqual([row[2] for row in rows], [str(20000 - left_fen), "960", "800", "1120"])
        self.assertEqual([row[3] for row in rows], ["12003", "12000", "10000", "14000"])
        self.assertEqual({row[4] for row in rows}, {"same"})
        self.assertEqual(self.ledger("tenant_liability", meter.supply), meter.now_fen())


class Differences(Case):
    def test_old_prices_are_settled_as_their_own_line(self):
        meter = Meter(self, "L02-01", midnight(3), balance_fen=90000)
        meter.tariff("N", [(midnight(40), 8000), (midnight(2), 6000)])
        meter.holds_prices(8000)
        for ago in (3, 2):
            meter.day(midnight(ago), 24000)
        meter.read(midnight(1) + datetime.timedelta(seconds=2))
        meter.use(12000, 8000)
        meter.read(midnight(1) + hours(12))
        self.sql("DELETE FROM push; DELETE FROM push_batch;"
                 "INSERT INTO push_batch (reason, due_at) VALUES ('x', NOW()); INSERT INTO push (batch_id, supply_id, epoch, meter_id, state,"
                 f" wanted, ended_at) SELECT id, {meter.supply}, 1, {meter.meter}, 'confirmed', '{{}}', '{text(midnight(1) + hours(12))}'"
                 " FROM push_batch")
        meter.use(12000, 6000)
        meter.read(midnight(0) + datetime.timedelta(seconds=2))
        self.prove()
        rows = meter.proofs("used_fen, expected_fen, difference, difference_fen")
        self.assertEqual([row[2] for row in rows], ["same", "old_price", "old_price"])
        self.assertAlmostEqual(int(rows[1][3]), 480, delta=2)
        self.assertAlmostEqual(int(rows[2][3]), 240, delta=2)  # half of that day
        owed_fen = int(rows[1][3]) + int(rows[2][3])
        self.assertEqual(self.ledger("price_difference", meter.supply), owed_fen)
        self.assertEqual(self.ledger("revenue"), sum(int(row[0]) for row in rows) - owed_fen)
        self.assertEqual(self.ledger("tenant_liability", meter.supply), self.number("SELECT meter_fen FROM proof ORDER BY id DESC LIMIT 1"))

    def test_a_correction_of_that_amount_settles_it(self):
        meter = Meter(self, "L02-02", midnight(2), balance_fen=90000)
        meter.tariff("O", [(midnight(40), 8000), (midnight(2), 6000)])
        meter.holds_prices(8000)
        meter.day(midnight(2), 24000)
        meter.read(midnight(1) + datetime.timedelta(seconds=2))
        self.prove()
        owed_fen = self.ledger("price_difference", meter.supply)
        self.assertAlmostEqual(owed_fen, 480, delta=2)
        meter.holds_prices(6000)
        meter.pay(owed_fen, midnight(1) + hours(5), origin="correction")
        meter.read(midnight(0) + datetime.timedelta(seconds=2))
        self.sql("UPDATE proof_state SET due_at = NOW() - INTERVAL 1 DAY")
        self.prove()
        self.assertEqual(meter.proofs("corrected_fen, used_fen")[1], [str(owed_fen), "0"])
        self.assertEqual((self.ledger("price_difference", meter.supply), self.ledger("corrections")), (0, 0))

    def test_what_nobody_can_explain_and_what_jumped(self):
        odd = Meter(self, "L02-03", midnight(1))
        odd.tariff("P", [(midnight(40), 8000)])
        odd.day(midnight(1), 24000, price_e4=9100)
        odd.read(midnight(0) + datetime.timedelta(seconds=2))
        card = Meter(self, "L02-04", midnight(1))
        card.day(midnight(1), 24000)
        card.count += 1
        card.balance_fen += 5000  # a purchase that we never sold
        card.read(midnight(0) + datetime.timedelta(seconds=2))
        self.prove()
        self.assertEqual(odd.proofs("difference"), [["unexplained"]])
        self.assertEqual(card.proofs("difference"), [["jump"]])
        self.assertEqual(self.ledger("tenant_liability", card.supply), card.now_fen())
        # each is an alarm, until a correction of that amount explains it
        alarms = "SELECT object_id FROM alarm WHERE kind = 'proof_gap' AND closed_at IS NULL ORDER BY object_id"
        days = {meter: meter.proofs("id, difference_fen")[0] for meter in (odd, card)}
        self.assertEqual(self.sql(alarms), [[days[meter][0]] for meter in (odd, card)])
        for amount_fen in (int(days[odd][1]) + 100, int(days[odd][1])):
            self.sql(f"""
INSERT INTO purchase (number, account_id, supply_id, epoch, mode, origin, amount_fen, state, actor_kind, paid_at)
  SELECT 'K{amount_fen}', account_id, {odd.supply}, 1, 'meter', 'correction', {amount_fen}, 'paid', 'user', UTC_TIMESTAMP(3)
  FROM account_supply WHERE live_supply = {odd.supply};
INSERT INTO delivery (purchase_id, supply_id, epoch, meter_id, amount_fen) VALUES (LAST_INSERT_ID(), {odd.supply}, 1, {odd.meter}, {amount_fen});
INSERT IGNORE INTO ledger_account (code, supply_id) VALUES ('corrections', NULL), ('meter_clearing', {odd.supply});
INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)
  SELECT 'correction_given', 'purchase', b.id, d.id, c.id, {amount_fen}, UTC_TIMESTAMP(3) FROM purchase b, ledger_account d, ledger_account c
  WHERE b.number = 'K{amount_fen}' AND d.code = 'corrections' AND c.code = 'meter_clearing' AND c.supply_id = {odd.supply}""")
            self.prove()
            right = amount_fen == int(days[odd][1])
            self.assertEqual(self.sql(alarms), [[days[card][0]]] if right else [[days[odd][0]], [days[card][0]]])


class Pages(Case):
    """What people see of it, over HTTP and on the command line."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.servers.start_redis()
        cls.servers.start_cgi("staff")
        cls.servers.start_nginx()
        cls.people = {}
        for name, role in (("fin", "finance"), ("eng", "engineer"), ("aud", "auditor")):
            lib.add_user(cls.servers, name, role)
            client = lib.Client(cls.servers.office_port)
            assert client.login(name).status == 200
            client.enrol()
            cls.people[name] = client

    def test_a_person_says_what_a_difference_was(self):
        card = Meter(self, "L02-02", midnight(1))
        card.day(midnight(1), 24000)
        card.count += 1
        card.balance_fen += 5000
        card.read(midnight(0) + datetime.timedelta(seconds=2))
        plain = Meter(self, "L02-03", midnight(1))
        plain.tariff("T9", [(midnight(40), 8000)])
        plain.day(midnight(1), 24000)
        plain.read(midnight(0) + datetime.timedelta(seconds=2))
        self.prove()
        proof = card.proofs("id")[0][0]
        self.assertEqual([row["kind"] for row in self.get("/alarms?state=open")["items"] if row["object_id"] == int(proof)], ["proof_gap"])
        self.assertEqual(self.get(f"/proofs/{proof}")["reviewed_by_name"], "")

        def review(who, number, **body):
            return self.people[who].post(f"/proofs/{number}/review", body, headers={"Idempotency-Key": str(uuid.uuid4())})
        self.assertEqual(review("eng", proof, reason="卡充值").status, 403)
        self.assertEqual(review("aud", proof, reason="卡充值").status, 403)
        self.assertEqual(review("fin", proof).status, 400)
        self.assertEqual(review("fin", 10**9, reason="x").status, 404)
        answer = review("fin", plain.proofs("id")[0][0], reason="x")
        self.assertEqual((answer.status, answer.json["code"]), (409, "no_gap"), answer)
        answer = review("fin", proof, reason="旧卡充值,单据 17")
        self.assertEqual((answer.status, answer.json["reviewed_by_name"], answer.json["review_reason"]), (200, "Fin", "旧卡充值,单据 17"), answer)
        self.assertEqual(review("fin", proof, reason="again").json["code"], "conflict")
        alarms = f"SELECT COUNT(*) FROM alarm WHERE kind = 'proof_gap' AND object_id = {proof} AND closed_at IS NULL"
        self.assertEqual(self.sql(alarms), [["0"]])
        self.prove()
        self.assertEqual(self.sql(alarms), [["0"]])
        self.assertEqual(self.sql("SELECT reason FROM audit WHERE action = 'proof.review'"), [["旧卡充值,单据 17"]])

    def get(self, path, who="fin", status=200):
        answer = self.people[who].get(path)
        self.assertEqual(answer.status, status, answer)
        return answer.json

    def days(self, number):
        return (datetime.datetime.now(ZONE) - datetime.timedelta(days=number)).strftime("%Y-%m-%d")

    def park(self):
        """Two days of three shops: a plain one that buys, one with old prices, one nobody can explain, and one that is silent."""
        plain = Meter(self, "L01-01", midnight(2))
        plain.tariff("T1", [(midnight(40), 8000)])
        plain.day(midnight(2), 24000, 2)
        plain.pay(5000, midnight(1) - hours(1))
        old = Meter(self, "L01-02", midnight(2))
        old.tariff("T2", [(midnight(40), 8000), (midnight(2), 6000)])
        old.holds_prices(8000)
        odd = Meter(self, "L01-03", midnight(2))
        odd.tariff("T3", [(midnight(40), 8000)])
        silent = Meter(self, "L02-01", midnight(2))
        for meter in (old, odd):
            meter.day(midnight(2), 24000, 2, price_e4=9500 if meter is odd else 8000)
        for meter in (plain, old, odd):
            meter.day(midnight(1), 24000, 2)
            meter.read(midnight(0) + datetime.timedelta(seconds=1))
        self.prove()
        return plain, old, odd, silent

    def test_sums_tie_and_lead_to_the_purchase(self):
        plain, old, odd, silent = self.park()
        period = f"from={self.days(2)}&to={self.days(1)}"
        page = self.get(f"/proofs?{period}")
        self.assertEqual([row["supply_id"] for row in page["items"]], sorted([plain.supply, old.supply, odd.supply]))
        self.assertEqual([row["supply_id"] for row in page["waiting"]], [silent.supply])
        self.assertEqual((page["waiting"][0]["wait_code"], page["waiting"][0]["day"]), ("reading", self.days(2)))
        figures = ("opening_fen", "paid_in_fen", "used_fen", "refunded_fen", "corrected_fen", "closing_fen", "used_wh", "old_price_fen", "gap_fen")
        for group in ("supply", "unit", "building", "day"):
            rows = self.get(f"/proofs?{period}&group={group}")
            for row in rows["items"] + [rows["total"]]:
                self.assertEqual(row["opening_fen"] + row["paid_in_fen"] - row["used_fen"] - row["refunded_fen"] + row["corrected_fen"],
                                 row["closing_fen"])
                self.assertEqual(row["apart_fen"], 0)
            for figure in figures:
                if group != "day" or figure not in ("opening_fen", "closing_fen"):
                    self.assertEqual(sum(row[figure] for row in rows["items"]), page["total"][figure], (group, figure))
        by_day = self.get(f"/proofs?{period}&group=day&supply_id={plain.supply}")["items"]
        self.assertEqual([row["day"] for row in by_day], [self.days(2), self.days(1)])
        self.assertEqual(by_day[0]["closing_fen"], by_day[1]["opening_fen"])
        self.assertEqual({row["supply_id"] for row in self.get(f"/proofs?{period}&odd=true")["items"]}, {old.supply, odd.supply})
        first = self.get(f"/proofs?{period}&limit=2")
        rest = self.get(f"/proofs?{period}&limit=2&cursor={first['next_cursor']}")
        self.assertEqual((len(first["items"]), len(rest["items"]), rest["next_cursor"]), (2, 1, None))
        self.assertEqual(first["total"], page["total"])

        stretches = self.get(f"/supplies/{plain.supply}/proofs", "aud")
        self.assertEqual([row["day"] for row in stretches["items"]], [self.days(1), self.days(2)])
        detail = self.get(f"/proofs/{stretches['items'][1]['id']}")
        lines = {line["kind"]: line for line in detail["lines"]}
        self.assertEqual(lines["paid_in"]["purchase_number"], f"S{plain.supply}-1-8")
        self.assertEqual((lines["paid_in"]["change_fen"], -lines["posted"]["change_fen"]), (5000, detail["used_fen"]))
        owed = self.get(f"/supplies/{old.supply}/proofs")
        self.assertEqual(owed["price_difference_fen"], sum(row["difference_fen"] for row in owed["items"]))
        self.assertGreater(owed["price_difference_fen"], 900)

        said = self.servers.ctl("proof", "--day", self.days(2), "--to", self.days(1))
        self.assertRegex(said, r"all +300\.00 +50\.00 ")
        self.assertRegex(said, r"charged old prices, 9\.\d\d more")
        self.assertIn("nothing explains it", said)
        self.assertIn(f"waits for its reading of {self.days(2)}", said)
        self.assertIn("--day and --to are days", self.servers.ctl("proof", "--day", "yesterday", status=1))

    def test_who_may_and_what_is_no_period(self):
        period = f"from={self.days(2)}&to={self.days(1)}"
        self.get(f"/proofs?{period}", "eng", 403)
        self.get("/supplies/1/proofs", "eng", 403)
        self.get("/proofs/1", "eng", 403)
        self.get("/proofs/999999", status=404)
        self.get("/supplies/999999/proofs", status=404)
        for query, field in ((f"from={self.days(1)}&to={self.days(2)}", "to"), ("from=2026-02-30&to=2026-03-01", "from"),
                             ("from=2020-01-01&to=2026-03-01", "to")):
            self.assertEqual(self.get(f"/proofs?{query}", status=400)["field"], field)
        empty = self.get("/proofs?from=2020-01-01&to=2020-01-02")
        self.assertEqual((empty["items"], empty["total"], empty["waiting"]), ([], None, []))


class Many(Case):
    def test_a_day_of_the_whole_site(self):
        """Every supply of the sample park, closed within one round."""
        opened, end = text(midnight(1)), text(midnight(0))
        self.sql(f"INSERT INTO supply_epoch (supply_id, epoch, meter_id, open_count, open_balance_fen, open_energy_wh, opened_at)"
                 f" SELECT id, 1, meter_id, 3, 0, 1000, '{opened}' FROM supply;"
                 "INSERT INTO tariff (site_id, code, name) VALUES (1, 'M', 'M'); INSERT INTO tariff_version (tariff_id, valid_from_at, kind, body)"
                 " SELECT id, '2026-01-01', 'single', '{\"period\": {\"every\": \"month\", \"day\": 1}, \"prices_e4\": {\"flat\": 8000}}' FROM tariff;"
                 f"INSERT INTO supply_tariff (supply_id, valid_from_at, tariff_id) SELECT s.id, '{opened}', t.id FROM supply s, tariff t;"
                 "INSERT INTO reading (meter_id, taken_at, energy_wh, energy_sharp_wh, energy_peak_wh, energy_flat_wh, energy_valley_wh,"
                 f" balance_fen, purchase_count) SELECT meter_id, '{opened}' + INTERVAL q.seq * 15 MINUTE, 1000 + q.seq * 250, 0, 0,"
                 " 1000 + q.seq * 250, 0, -20 * CAST(q.seq AS SIGNED), 3 FROM supply, seq_0_to_96 q")
        supplies = self.number("SELECT COUNT(*) FROM supply")
        begun = time.monotonic()
        self.prove(60)
        print(f"{supplies} supplies a day in {time.monotonic() - begun:.1f} s")
        self.assertEqual(self.sql("SELECT COUNT(*), SUM(used_fen), COUNT(DISTINCT difference), MIN(difference) FROM proof"),
                         [[str(supplies), str(supplies * 1920), "1", "same"]])
        self.assertEqual(self.sql(f"SELECT COUNT(*) FROM proof WHERE to_at = '{end}'"), [[str(supplies)]])
        self.assertEqual(self.number("SELECT COUNT(*) FROM audit WHERE action = 'proof.close'"), 1)


class Crashes(Case):
    def kill_at(self, point):
        self.servers.start("jobs", [self.servers.program("jobs/paywatt-jobs"), "--config", self.servers.config],
                           env={"PW_FAILPOINT": point})
        lib.wait_for("the crash", lambda: self.servers.processes["jobs"].poll() is not None)
        self.assertEqual(self.servers.processes["jobs"].returncode, -signal.SIGKILL)

    def test_killed_in_between_nothing_is_posted_twice(self):
        meters = [Meter(self, f"L03-0{i}", midnight(2), balance_fen=20000) for i in range(1, 5)]
        for meter in meters:
            meter.day(midnight(2), 24000, 2)
            meter.pay(1000, midnight(1) - hours(3))
            meter.day(midnight(1), 24000, 2)
            meter.read(midnight(0) + datetime.timedelta(seconds=1))
        for point in ("proof.pre_commit=kill@3", "proof.post_commit=kill@2", "proof.pre_commit=kill@1", "proof.post_commit=kill@1"):
            self.kill_at(point)
            self.assertEqual(invariants.check(self.servers), {})
        self.prove()
        for meter in meters:
            self.assertEqual(len(meter.proofs("id")), 2)
            self.assertEqual(self.ledger("tenant_liability", meter.supply), meter.now_fen())
        self.assertEqual(self.number("SELECT COUNT(*) FROM transfer WHERE posting = 'use'"), 8)


if __name__ == "__main__":
    unittest.main()
