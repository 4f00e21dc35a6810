"""The model of delivery and adjustment: our variants (E, G2, K2) are safe and recoverable, the others fail as documented.

PW_MODEL_FAULTS=5 tries up to five faults instead of three.
"""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import recharge_model as model  # noqa: E402

FAULTS = int(os.environ.get("PW_MODEL_FAULTS", "3"))

# variant: states with 3 faults, with 5, broken rule, recoverable, words of the shortest way to break it
EXPECTED = {
    "A": (4949, 9373, "S1", None, ["meter: OK, answer dropped", "send again blindly"]),
    "B": (3197, 5533, None, True, []),
    "C": (5049, 9753, "S1", None, ["time-out, frame still on its way", "read-back: not in, the same count again", "late frame, meter: OK"]),
    "D": (2449, 4553, None, False, []),
    "E": (3829, 7069, None, True, []),
    "F": (6173, 11869, "S2", None, ["read-back: not in, refund", "late frame, meter: OK"]),
    "G": (10569, 24713, "S3", None, ["fence: zero purchase", "poller killed at fence_wait", "late frame, meter: OK"]),
    "G2": (9253, 19997, None, True, []),
    "H": (3753, 6825, None, True, []),
    "J": (None, None, "S4", None, ["adjustment: targets committed", "late frame, meter: OK", "adjustment: write"]),
    "K": (None, None, "S4", None, ["adjustment: the same absolute values again", "adjustment: committed", "late frame, meter: OK"]),
    "K2": (None, None, None, True, []),
}


def in_order(wanted, words):
    rest = iter(words)
    return all(word in rest for word in wanted)


class Model(unittest.TestCase):
    def check(self, letter):
        v = next(v for v in model.VARIANTS if v.name.split()[0] == letter)
        states, rule, trace, left = model.explore(v, FAULTS)
        few, many, want_rule, recoverable, words = EXPECTED[letter]
        want_states = {3: few, 5: many}.get(FAULTS)
        print(f"{v.name}: {states} states, {rule or 'safe'}, {left} unrecoverable")
        self.assertEqual(rule, want_rule)
        if want_states:
            self.assertEqual(states, want_states)
        if recoverable is not None:
            self.assertEqual(left == 0, recoverable)
        self.assertTrue(in_order(words, trace), trace)

    def test_each_variant_is_expected(self):
        self.assertEqual([v.name.split()[0] for v in model.VARIANTS], list(EXPECTED))


def add(letter):
    setattr(Model, "test_" + letter, lambda self: self.check(letter))


for name in EXPECTED:
    add(name)

if __name__ == "__main__":
    unittest.main()
