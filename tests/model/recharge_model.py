#!/usr/bin/env python3
"""Bounded exhaustive model of the money's way into the meter, on the nouns of the design (sections 2, 4, 5).

Two purchases on one supply. A *payment* is settled by a notice, which in the same transaction makes the *delivery* in pending,
without a count. The poller *claims* it: nothing else in flight, meter just read; the claim commits the count before the frame
leaves. Every interleaving is tried of: duplicate notices, lost wake-up, poller killed at every step, Redis emptied, frame lost,
answer dropped, frame delivered late; up to k faults.

Safety
  S1 no purchase enters the meter twice
  S2 no purchase is both in the meter and refunded as undelivered
  S3 confirmed means in the meter
  S4 an adjustment takes out what it was asked to, and nothing else: no other purchase's money is erased, none comes back
Recoverability: from every reachable state some continuation without faults settles all purchases.

  recharge_model.py [k]    all variants with up to k faults (3)

A state is a tuple: payments, deliveries (state, count), queue, poller, meter (count, money inside per purchase), frames on the
way, how often each purchase ever entered the meter, adjustment, what adjustments took out, faults left, notices left.
"""
import sys
from collections import deque, namedtuple

State = namedtuple("State", "payments deliveries queue poller count inside frames entered adjustment taken faults notices")

IN_FLIGHT = ("sending", "fencing")
ENDED = ("confirmed", "fenced", "refunded")


class Variant(namedtuple("Variant", "name sequence readback outbox refund late adjust")):
    """sequence: the meter refuses a count that is not its own + 1. readback: an unknown outcome is read before anything is sent
    again. outbox: pending deliveries are found in the database, not only in the queue. refund: None, "plain" after one negative
    read-back, "fence" by zero purchase, "fence2" with fencing committed first. late: frames may arrive late. adjust: None, "free"
    without asking for the slot, "slot" holding it until the read-back, "quiet" until no copy of the write can be on its way."""


def variant(name, sequence=True, readback=True, outbox=True, refund=None, late=True, adjust=None):
    return Variant(name, sequence, readback, outbox, refund, late, adjust)


def put(values, index, value):
    return values[:index] + (value,) + values[index + 1:]


def start(faults):
    return State(("open", "open"), ((None, None), (None, None)), (), ("idle",), 0, (0, 0), (), (0, 0), (None,), (0, 0), faults, (2, 2))


class Moves:
    """All moves out of one state: (words, is a fault, next state)."""

    def __init__(self, v, s):
        self.v, self.s, self.out = v, s, []

    def go(self, words, fault=False, **changes):
        s = self.s._replace(**changes)
        self.out.append((words, fault, s._replace(faults=s.faults - 1) if fault else s))

    def all(self):
        for i in (0, 1):
            self.notices(i)
            self.relay(i)
        self.trouble()
        self.idle()
        self.claim()
        self.send()
        self.network()
        self.time_out()
        self.unknown()
        self.commit()
        if self.v.adjust:
            self.adjustment()
        return self.out

    # ---- payment: settle is one transaction

    def notices(self, i):
        s = self.s
        if not s.notices[i]:
            return
        left = put(s.notices, i, s.notices[i] - 1)
        if s.payments[i] != "open":
            self.go("notice again: exists", notices=left)
            return
        settled = dict(payments=put(s.payments, i, "settled"), deliveries=put(s.deliveries, i, ("pending", None)), notices=left)
        self.go("notice: settled", queue=s.queue + (i,), **settled)
        if s.faults:
            self.go("notice: settled, wake-up lost", True, **settled)

    def relay(self, i):
        s = self.s
        open_ = s.deliveries[i][0] in ("pending",) + IN_FLIGHT
        if self.v.outbox and open_ and i not in s.queue and not (len(s.poller) > 1 and s.poller[1] == i):
            self.go("found in the database", queue=s.queue + (i,))

    def trouble(self):
        s = self.s
        if s.faults and s.queue:
            self.go("Redis emptied", True, queue=())
        if s.faults and s.poller[0] != "idle":
            self.go("poller killed at " + s.poller[0], True, poller=("idle",))

    # ---- delivery: claim, send, read back

    def idle(self):
        if self.s.poller[0] == "idle" and self.s.queue:
            self.go("take", poller=("taken", self.s.queue[0]), queue=self.s.queue[1:])

    def slot_taken(self, i):
        s = self.s
        other = any(s.deliveries[j][0] in IN_FLIGHT for j in (0, 1) if j != i)
        return other or (self.v.adjust in ("slot", "quiet") and s.adjustment[0] == "writing")

    def claim(self):
        s = self.s
        if s.poller[0] != "taken":
            return
        i = s.poller[1]
        state, count = s.deliveries[i]
        if state == "pending":
            if self.slot_taken(i):
                self.go("slot taken: wait", poller=("idle",))
                return
            ours = max([c for st, c in s.deliveries if st in ("confirmed", "fenced")] + [0]) + 1
            self.go("claim: count committed", deliveries=put(s.deliveries, i, ("sending", ours)), poller=("ready", i, ours))
        elif state == "fencing":
            self.go("go on fencing", poller=("fence_unknown", i, count))
        elif state == "sending":
            self.go("go on", poller=("unknown" if self.v.readback else "ready", i, count))
        else:
            self.go("settled already", poller=("idle",))

    def send(self):
        s = self.s
        if s.poller[0] == "ready" and len(s.frames) < 2:
            i, count = s.poller[1:]
            self.go("send", poller=("wait", i, count), frames=s.frames + (("purchase", count, i),))

    def meter(self, kind, count, i):
        """What the meter does with a frame: (answer, changes)."""
        s = self.s
        if kind == "adjust":
            return "OK", dict(count=count, inside=i)
        if self.v.sequence and count != s.count + 1:
            return ("REPEAT" if count <= s.count else "GAP"), {}
        changes = dict(count=s.count + 1)
        if kind == "purchase":
            changes["inside"] = put(s.inside, i, min(2, s.inside[i] + 1))
            changes["entered"] = put(s.entered, i, min(2, s.entered[i] + 1))
        return "OK", changes

    def network(self):
        s = self.s
        waiting_for = {"wait": "purchase", "fence_wait": "zero", "adjust_wait": "adjust"}.get(s.poller[0])
        for x, frame in enumerate(s.frames):
            kind, count, i = frame
            rest = s.frames[:x] + s.frames[x + 1:]
            answer, changes = self.meter(kind, count, i)
            waited = kind == waiting_for and (kind == "adjust" or (s.poller[1], s.poller[2]) == (i, count))
            if waited:
                self.go("meter: " + answer, frames=rest, poller=self.answered(kind, answer), **changes)
                if s.faults:
                    self.go("meter: " + answer + ", answer dropped", True, frames=rest, poller=self.unanswered(kind), **changes)
            elif self.v.late:
                self.go("late frame, meter: " + answer, frames=rest, **changes)
            if s.faults:
                self.go("frame lost", True, frames=rest)
            if not self.v.late and not waited:
                self.go("frame lost", frames=rest)

    def answered(self, kind, answer):
        i, count = self.s.poller[1:3]
        if kind == "adjust":
            return ("adjust_read", -1, 0)
        if kind == "purchase":
            return ("unknown" if answer == "GAP" else "confirm", i, count)
        return ({"OK": "refund", "REPEAT": "confirm"}.get(answer, "unknown"), i, count)

    def unanswered(self, kind):
        i, count = self.s.poller[1:3]
        return ({"purchase": "unknown", "zero": "fence_unknown", "adjust": "adjust_read"}[kind], i, count)

    def time_out(self):
        s = self.s
        if s.poller[0] == "wait":
            i, count = s.poller[1:]
            if self.v.late and s.faults:
                self.go("time-out, frame still on its way", True, poller=("unknown", i, count))
            if not any(frame[1:] == (count, i) for frame in s.frames):
                self.go("time-out", poller=("unknown", i, count))
        elif s.poller[0] == "fence_wait":
            i, count = s.poller[1:]
            if ("zero", count, i) not in s.frames:
                self.go("fence time-out", poller=("fence_unknown", i, count))

    def unknown(self):
        s = self.s
        if s.poller[0] == "unknown":
            i, count = s.poller[1:]
            if not self.v.readback:
                self.go("send again blindly", poller=("ready", i, count))
            elif s.count >= count:
                self.go("read-back: in the meter", poller=("confirm", i, count))
            else:
                self.not_applied(i, count)
        elif s.poller[0] == "fence_unknown":
            i, count = s.poller[1:]
            if s.count >= count:
                self.go("read the last amount", poller=("confirm" if s.entered[i] else "refund", i, count))
            elif len(s.frames) < 2:
                self.go("fence again", poller=("fence_wait", i, count), frames=s.frames + (("zero", count, i),))

    def not_applied(self, i, count):
        s = self.s
        self.go("read-back: not in, the same count again", poller=("ready", i, count))
        if self.v.refund == "plain":
            self.go("read-back: not in, refund", poller=("refund", i, count))
        if self.v.refund in ("fence", "fence2") and len(s.frames) < 2:
            deliveries = put(s.deliveries, i, ("fencing", count)) if self.v.refund == "fence2" else s.deliveries
            self.go("fence: zero purchase", poller=("fence_wait", i, count), deliveries=deliveries,
                    frames=s.frames + (("zero", count, i),))

    def commit(self):
        s = self.s
        if s.poller[0] == "confirm":
            i, count = s.poller[1:]
            self.go("commit: confirmed", deliveries=put(s.deliveries, i, ("confirmed", count)), poller=("idle",))
        elif s.poller[0] == "refund":
            i, count = s.poller[1:]
            end = ("fenced", count) if self.v.refund in ("fence", "fence2") else ("refunded", None)
            self.go("commit: refunded", payments=put(s.payments, i, "refunded"), deliveries=put(s.deliveries, i, end), poller=("idle",))

    # ---- adjustment: takes the first purchase's money out again, by absolute targets

    def adjustment(self):
        s = self.s
        state = s.adjustment[0]
        if state is None and s.deliveries[0][0] == "confirmed":
            self.go("adjustment asked", adjustment=("asked",))
        if s.poller[0] == "idle" and state == "asked" and not (self.v.adjust != "free" and self.slot_taken(None)):
            target = (put(s.inside, 0, 0), s.count)
            self.go("adjustment: targets committed", adjustment=("writing",) + target, poller=("adjust_ready", -1, 0))
        if s.poller[0] == "idle" and state == "writing":
            self.go("adjustment: go on", poller=("adjust_read", -1, 0))
        if s.poller[0] == "adjust_ready" and len(s.frames) < 2:
            _, inside, count = s.adjustment
            self.go("adjustment: write", poller=("adjust_wait", -1, 0), frames=s.frames + (("adjust", count, inside),))
        if s.poller[0] == "adjust_wait":
            self.adjustment_time_out()
        if s.poller[0] == "adjust_read":
            self.adjustment_read()

    def adjustment_time_out(self):
        s = self.s
        if s.faults:
            self.go("adjustment: time-out, frame still on its way", True, poller=("adjust_read", -1, 0))
        if not any(frame[0] == "adjust" for frame in s.frames):
            self.go("adjustment: time-out", poller=("adjust_read", -1, 0))

    def adjustment_read(self):
        s = self.s
        _, inside, count = s.adjustment
        if (s.inside, s.count) != (inside, count):
            self.go("adjustment: the same absolute values again", poller=("adjust_ready", -1, 0))
        elif self.v.adjust != "quiet" or not any(frame[0] == "adjust" for frame in s.frames):
            self.go("adjustment: committed", adjustment=("applied",), taken=put(s.taken, 0, 1), poller=("idle",))


def broken(s):
    """The first safety rule that a state breaks, or None."""
    for i in (0, 1):
        state = s.deliveries[i][0]
        if s.entered[i] > 1:
            return "S1"
        if s.entered[i] and s.payments[i] == "refunded":
            return "S2"
        if state == "confirmed" and s.entered[i] != 1:
            return "S3"
        if s.adjustment[0] != "writing" and s.inside[i] != s.entered[i] - s.taken[i]:
            return "S4"
    return None


def settled(v, s):
    done = all(state in ENDED for state, _ in s.deliveries)
    return done and s.adjustment[0] in (None, "applied") if v.adjust else done


def explore(v, faults=3):
    """(states, broken rule or None, its shortest trace, states that no continuation without faults settles)"""
    first = start(faults)
    came_from = {first: None}
    edges = {}
    queue = deque([first])
    violation, trace = None, []
    while queue:
        s = queue.popleft()
        rule = broken(s)
        if rule:
            if not violation:
                violation, trace = rule, path(came_from, s)
            continue
        edges[s] = Moves(v, s).all()
        for words, _, after in edges[s]:
            if after not in came_from:
                came_from[after] = (s, words)
                queue.append(after)
    return len(came_from), violation, trace, stuck(v, edges)


def path(came_from, s):
    words = []
    while came_from[s]:
        s, word = came_from[s]
        words.append(word)
    return words[::-1]


def stuck(v, edges):
    backwards = {}
    for s, moves in edges.items():
        for _, fault, after in moves:
            if not fault:
                backwards.setdefault(after, []).append(s)
    reached = {s for s in edges if settled(v, s)}
    queue = deque(reached)
    while queue:
        for before in backwards.get(queue.popleft(), ()):
            if before not in reached:
                reached.add(before)
                queue.append(before)
    return len(edges) - len(reached & edges.keys())


VARIANTS = [
    variant("A blind resend, incrementing meter", sequence=False, readback=False),
    variant("B read back, then resend, incrementing meter, no late frames", sequence=False, late=False),
    variant("C read back, then resend, incrementing meter, late frames", sequence=False),
    variant("D sequence meter, deliveries in Redis only", outbox=False),
    variant("E sequence meter, the same count again, deliveries in the database"),
    variant("F as E, refund after one negative read-back", refund="plain"),
    variant("G as E, refund after a zero purchase, fencing not committed first", refund="fence"),
    variant("G2 as E, refund after a zero purchase, fencing committed first, last amount read", refund="fence2"),
    variant("H as E, sent again without reading back", readback=False),
    variant("J as E, adjustment beside a delivery in flight", adjust="free"),
    variant("K as E, adjustment keeps the slot until its read-back", adjust="slot"),
    variant("K2 as E, adjustment keeps the slot until no copy of its write is on its way", adjust="quiet"),
]


def main():
    faults = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    for v in VARIANTS:
        states, rule, trace, left = explore(v, faults)
        print(f"{v.name}: states={states} safety={rule or 'ok'} unrecoverable={left}", flush=True)
        if trace:
            print("   " + " > ".join(trace))


if __name__ == "__main__":
    main()
