"""What tests of online payments share: a park whose three providers are played by provider.Providers, tenants who order.

    class Online(paying.Case):
        def test_x(self):
            order = self.order("wechat", 5000); self.peer.pay("wechat", order.number); self.peer.send("wechat", order.number)
"""
import collections

import lib
import money
import park as parks
import provider
import tenant

OWNER = "13800000001"
Order = collections.namedtuple("Order", "number purchase payment row")


class Case(money.Case):
    """One park and one tenant who has every shop of it."""

    meters = 2
    providers = provider.NAMES
    more = {}

    @classmethod
    def setUpClass(cls):
        cls.park = parks.Park(lines=cls.lines, meters=cls.meters, settings=dict(cls.settings))
        cls.peer = provider.Providers(cls.park)
        cls.addClassCleanup(cls.peer.stop)
        try:
            cls.park.settings.update(cls.peer.settings(cls.providers))
            cls.park.settings.update(cls.more)
            cls.park.start()
            cls.park.start_cgi("notify")
            cls.clerk = cls.park.log_in("finance")
            case = cls()
            for number in cls.park.meters:
                case.open_account(number, f"店{number}", contact={"role": "owner", "name": "李", "phone": OWNER, "locale": "zh-CN"})
            cls.rows = [case.supply(number) for number in cls.park.meters]
            cls.me = tenant.log_in(cls.park, OWNER)
        except BaseException:
            cls.park.stop()
            raise

    def setUp(self):
        tenant.forget_limits(self.park)
        for name in provider.NAMES:
            self.peer.modes[name] = ""

    # ---- ordering

    def wait_offered(self, name, up=True, seconds=30):
        lib.wait_for(f"{name} is {'up' if up else 'down'}", lambda: self.sql(
            f"SELECT 1 FROM pay_channel WHERE channel = '{name}' AND state = '{'up' if up else 'down'}'"
            " AND checked_at > UTC_TIMESTAMP(3) - INTERVAL 30 SECOND"), seconds, 0.1)

    def order(self, name, amount_fen=5000, scene=None, row=None, who=None):
        """What a tenant orders; the provider was not asked yet."""
        row = row or self.rows[0]
        scene = scene or ("phone" if name == "unionpay" else "qr")
        self.wait_offered(name)
        answer = (who or self.me).order("/purchases", {"supply_id": row["supply_id"], "amount_fen": amount_fen, "channel": name, "scene": scene})
        self.assertEqual(answer.status, 202, answer)
        payment, number = self.sql(f"SELECT id, order_number FROM payment WHERE purchase_id = {answer.json['id']}")[0]
        return Order(number, answer.json["id"], int(payment), row)

    def open_order(self, name, amount_fen=5000, **more):
        """The same, and the provider has made it; where it makes nothing by itself the payer's page did."""
        order = self.order(name, amount_fen, **more)
        self.state(order, "open")
        self.peer.order(name, order.number, amount_fen)
        return order

    def payment(self, order, columns):
        return self.sql(f"SELECT {columns} FROM payment WHERE id = {order.payment}")[0]

    def state(self, order, state, seconds=20):
        """Waits for a state of the payment."""
        try:
            return lib.wait_for(f"payment {order.number} {state}", lambda: self.payment(order, "state") == [state], seconds, 0.05)
        except AssertionError as error:
            row = self.payment(order, "state, tries, next_query_at, fail_code, UTC_TIMESTAMP(3)")
            raise AssertionError(f"{error}; it is {row}; {self.peer.asked[-10:]}; {self.park.log_of('jobs')[-1500:]}") from None

    def purchase(self, order, state, seconds=30):
        """Waits for a state of the purchase as its tenant sees it."""
        def look():
            now = self.me.get(f"/purchases/{order.purchase}").json
            return now if now.get("state") == state else None
        try:
            return lib.wait_for(f"purchase {order.number} {state}", look, seconds, 0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}; it is {self.me.get(f'/purchases/{order.purchase}')}; {self.park.log_of('jobs')[-1500:]}") from None

    def refund_of(self, payment_id, *states, seconds=30):
        """Waits for a refund of a payment; number, automatic, fail code."""
        state = " or ".join(states)

        def look():
            return self.sql(f"SELECT refund_number, automatic, fail_code FROM refund WHERE payment_id = {payment_id}"
                            " AND state IN (" + ", ".join(f"'{word}'" for word in states) + ")")
        try:
            return lib.wait_for(f"refund of payment {payment_id} {state}", look, seconds, 0.1)[0]
        except AssertionError as error:
            rows = self.sql(f"SELECT state, tries, next_query_at, fail_code FROM refund WHERE payment_id = {payment_id}")
            raise AssertionError(f"{error}; {rows}; {self.peer.asked[-10:]}; {self.park.log_of('jobs')[-1500:]}") from None
