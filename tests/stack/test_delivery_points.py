"""Fault matrix, points P6 to P10: the poller dies (F1, F2), ends (F20) or stands still while another takes over (F18) at each
failpoint of a delivery. Each paid purchase is applied exactly once, with no hand."""
import signal
import unittest

import lib
from pay import DeliveryCase

# name of the point, where it lies, whether the count was given before it, frames that may have left before it
POINTS = (("poll.post_pop", "P6", 1), ("claim.pre_commit", "P6", 1), ("claim.post_commit", "P6", 1), ("mb.pre_write", "P7", 1),
          ("mb.mid_frame", "P7", 1), ("mb.post_write", "P7", 1), ("mb.post_reply", "P8", 1), ("rb.pre", "P9", 2),
          ("rb.between_count_and_amount", "P9", 2), ("conf.pre_commit", "P10", 1), ("conf.post_commit", "P10", 1))


class Points(DeliveryCase):
    def kill_at(self, point, at):
        self.restart(f"{point}=kill@{at}")
        purchase = self.buy()
        self.assertEqual(self.poller_ends(), -signal.SIGKILL)
        self.park.start_poller()
        self.confirmed(purchase)

    def term_at(self, point, at):
        """It finishes what it has in hand or leaves it unknown; nothing is claimed after the signal."""
        self.restart(f"{point}=term@{at}")
        purchase = self.buy()
        self.assertEqual(self.poller_ends(), 0, self.park.log_of("poller")[-800:])
        if point == "poll.post_pop":
            self.assertEqual(self.till.delivery(purchase)["state"], "pending")
        self.park.start_poller()
        self.confirmed(purchase)

    def stop_at(self, point, at):
        """A zombie: it stands still, the next one takes over, it comes back and changes nothing."""
        self.restart(f"{point}=stop@{at}")
        zombie = self.park.processes["poller"]
        purchase = self.buy()
        lib.wait_for("the poller to stand still", lambda: self.is_stopped(zombie.pid), 30, 0.05)
        self.park.processes["zombie"] = self.park.processes.pop("poller")
        self.park.start_poller()
        try:
            holds_lock = point in ("claim.pre_commit", "conf.pre_commit")
            if not holds_lock:
                self.confirmed(purchase)
            before = self.till.delivery(purchase)
            zombie.send_signal(signal.SIGCONT)
            row = self.confirmed(purchase, 60)
            if not holds_lock:
                self.assertEqual(row["claimed_by"], before["claimed_by"])
            lib.wait_for("the zombie's next look", lambda: self.park.log_of("zombie") is not None)
            self.till.check(self)
        finally:
            zombie.send_signal(signal.SIGCONT)
            self.park.stop_one("zombie", signal.SIGKILL)

    @staticmethod
    def is_stopped(pid):
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "T"


def add(fault, how):
    for point, place, at in POINTS:
        def test(self, point=point, at=at, how=how):
            getattr(self, how)(point, at)
        setattr(Points, f"test_{fault}_{place}_{point.replace('.', '_')}", test)


add("F1F2", "kill_at")
add("F20", "term_at")
add("F18", "stop_at")

if __name__ == "__main__":
    unittest.main()
