"""The simulated field against peers that share no code with it: pymodbus, mbpoll, plain sockets."""
import os
import random
import re
import socket
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from field import Field, Refused  # noqa: E402
from park import write_park  # noqa: E402

from pymodbus.client import ModbusTcpClient  # noqa: E402
from pymodbus.transaction import ModbusRtuFramer  # noqa: E402
from pymodbus.utilities import computeCRC  # noqa: E402

TCP, RTU = "L01", "L05"  # lines of the sample park by link


def mbpoll(*arguments):
    """Values that mbpoll read, by zero-based register."""
    done = subprocess.run(["mbpoll", "-0", "-1", "-q", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=20, check=True)
    return {int(at): int(value, 16) for at, value in re.findall(r"\[(\d+)\]:\s+0x([0-9A-F]+)", done.stdout)}


def sealed(frame):
    """RTU frame with its CRC, low byte first (pymodbus has it swapped for printing)."""
    return frame + struct.pack(">H", computeCRC(frame))


def purchase(address, amount_fen, count):
    """Function 20, start 0100."""
    return bytes([address, 0x20, 1, 0, 0, 4, 8]) + struct.pack(">IHH", amount_fen, count, 0)


class Wire:
    """A transparent or MBAP connection for frames that pymodbus does not know."""

    def __init__(self, field, line, mbap):
        self.socket = socket.create_connection(field.line_address(line), 2)
        self.mbap = mbap
        self.transaction = 0

    def send(self, frame):
        """Sends a frame without CRC, dressed for the link."""
        self.transaction = (self.transaction + 1) & 0xFFFF
        self.socket.sendall(struct.pack(">HHH", self.transaction, 0, len(frame)) + frame if self.mbap else sealed(frame))

    def receive(self, timeout=1.0):
        """What comes within the time, until 50 ms of silence; b"" for nothing."""
        got = b""
        self.socket.settimeout(timeout)
        try:
            while True:
                block = self.socket.recv(1024)
                if not block:
                    return got
                got += block
                self.socket.settimeout(0.05)
        except socket.timeout:
            return got

    def ask(self, frame, timeout=1.0):
        """The answer without its dress."""
        self.send(frame)
        got = self.receive(timeout)
        if self.mbap:
            return got[6:]
        assert not got or sealed(got[:-2]) == got, got.hex()
        return got[:-2]

    def close(self):
        """Closes the connection."""
        self.socket.close()


def registers(answer, at, count=1, start=0x200):
    """A big-endian value of a function 03 answer."""
    begin = 3 + (at - start) * 2
    return int.from_bytes(answer[begin:begin + 2 * count], "big")


MAIN = lambda address: bytes([address, 3, 2, 0, 0, 48])  # noqa: E731
FORCE = lambda address, enable, trip: bytes([address, 16, 0, 0x57, 0, 2, 4, 0, enable, 0, trip])  # noqa: E731


class Peers(unittest.TestCase):
    """One field for all cases; each case has its own meters."""

    @classmethod
    def setUpClass(cls):
        cls.field = Field(pty=["L12"])

    @classmethod
    def tearDownClass(cls):
        status = cls.field.stop()
        assert status == 0, status

    def tearDown(self):
        self.field.ask("clear")

    def wire(self, line):
        wire = Wire(self.field, line, line == TCP)
        self.addCleanup(wire.close)
        return wire

    def check_block(self, values, number):
        truth = self.field.get(number)
        self.assertEqual(values[0], 5)
        self.assertEqual(values[0x21], truth["count"])
        balance = values[0x1F] << 16 | values[0x20]
        self.assertLessEqual(abs(balance - truth["balance_fen"]), 20)
        self.assertAlmostEqual((values[0x15] << 16 | values[0x16]) * 10, truth["energy_wh"], delta=50)
        self.assertTrue(2100 < values[1] < 2400)

    def test_pymodbus_tcp(self):
        host, port = self.field.line_address(TCP)
        client = ModbusTcpClient(host, port=port)
        self.assertTrue(client.connect())
        answer = client.read_holding_registers(0x200, 48, slave=2)
        self.check_block(answer.registers, "L01-02")
        self.assertFalse(client.write_registers(0x57, [1, 1], slave=2).isError())
        self.field.wait("relay=open", meter="L01-02")
        self.assertFalse(client.write_registers(0x57, [0, 0], slave=2).isError())
        self.field.wait("relay=closed", meter="L01-02")
        self.assertTrue(client.read_holding_registers(0x230, 2, slave=2).isError())
        client.close()

    def test_pymodbus_rtu_over_tcp(self):
        host, port = self.field.line_address(RTU)
        client = ModbusTcpClient(host, port=port, framer=ModbusRtuFramer)
        self.assertTrue(client.connect())
        self.check_block(client.read_holding_registers(0x200, 48, slave=3).registers, "L05-03")
        serial = client.read_holding_registers(0x43, 3, slave=3).registers
        self.assertEqual("".join(f"{word:04x}" for word in serial), self.field.get("L05-03")["serial_number"])
        client.close()

    def test_mbpoll_tcp(self):
        host, port = self.field.line_address(TCP)
        values = mbpoll("-m", "tcp", "-p", str(port), "-a", "3", "-r", "512", "-c", "48", "-t", "4:hex", host)
        self.check_block([values[512 + i] for i in range(48)], "L01-03")

    def test_mbpoll_serial(self):
        values = mbpoll("-m", "rtu", "-b", "9600", "-P", "none", "-a", "4", "-r", "512", "-c", "48", "-t", "4:hex",
                        self.field.terminal("L12"))
        self.check_block([values[512 + i] for i in range(48)], "L12-04")

    def test_purchase_by_function_20(self):
        for line in (TCP, RTU):
            meter = f"{line}-05"
            self.field.ask("set", meter=meter, balance_fen=5000, count=7, load_w=0)
            wire = self.wire(line)
            for count, result, balance in ((8, 0, 15000), (8, 1, 15000), (10, 2, 15000), (9, 0, 25000)):
                answer = wire.ask(purchase(5, 10000, count))
                self.assertEqual(len(answer), 13)
                self.assertEqual((answer[6], int.from_bytes(answer[9:13], "big")), (result, balance))
            truth = self.field.get(meter)
            self.assertEqual([(a["count"], a["times"]) for a in truth["applied"]], [(8, 1), (9, 1)])
            self.assertEqual(truth["count"], 9)

    def test_faults_of_an_answer(self):
        wire = self.wire(RTU)
        poll = MAIN(6)
        whole = wire.ask(poll)
        self.assertEqual(len(whole), 99)
        for kind in ("silent", "foreign", "stray", "corrupt", "doubled", "truncated", "echo"):
            self.field.ask("fault", meter="L05-06", kind=kind, count=1)
            wire.send(poll)
            got = wire.receive()
            if kind == "silent":
                self.assertEqual(got, b"")
            elif kind == "foreign":
                self.assertEqual((got[0], len(got)), (7, 101))
            elif kind == "stray":
                self.assertEqual((got[0], got[101], len(got)), (7, 6, 202))
            elif kind == "corrupt":
                self.assertNotEqual(sealed(got[:-2]), got)
            elif kind == "doubled":
                self.assertEqual(got[:101], got[101:])
            elif kind == "truncated":
                self.assertEqual(len(got), 50)
            else:
                self.assertEqual((got[:8], len(got)), (sealed(poll), 109))
            self.assertEqual(len(wire.ask(poll)), 99)

    def test_late_answer_comes_before_the_next(self):
        wire = self.wire(RTU)
        self.field.ask("fault", meter="L05-07", kind="late", delay_ms=400, count=1)
        wire.send(MAIN(7))
        self.assertEqual(wire.receive(0.3), b"")
        wire.send(MAIN(8))
        got = wire.receive(2) + wire.receive(0.3)
        self.assertEqual((got[0], got[101], len(got)), (7, 8, 202))

    def test_write_faults_apply_once(self):
        wire = self.wire(RTU)
        self.field.ask("set", meter="L05-09", balance_fen=5000, count=3, load_w=0)
        self.field.ask("fault", meter="L05-09", kind="apply_no_answer", count=1)
        self.assertEqual(wire.ask(purchase(9, 100, 4)), b"")
        self.field.ask("fault", meter="L05-09", kind="apply_then_error", count=1)
        self.assertEqual(wire.ask(purchase(9, 100, 5)), bytes([9, 0xA0, 4]))
        self.field.ask("fault", meter="L05-09", kind="power_cut_between_purse_and_count", count=1)
        self.assertEqual(wire.ask(purchase(9, 100, 6)), b"")
        truth = self.field.get("L05-09")
        self.assertEqual((truth["count"], truth["balance_fen"], truth["credits"], truth["dark"]), (5, 5300, 3, 1))
        self.assertEqual(wire.ask(MAIN(9), 0.4), b"")

    def test_gateway_queue_and_exceptions(self):
        self.field.ask("set", gateway="GW1", exceptions=True, queue_max=2, timeout_ms=200)
        self.addCleanup(self.field.ask, "set", gateway="GW1", exceptions=False, queue_max=32)
        wire = self.wire(TCP)
        self.assertEqual(wire.ask(bytes([200, 3, 2, 0, 0, 48])), bytes([200, 0x83, 0x0B]))
        for _ in range(5):
            wire.send(MAIN(10))
        got = wire.receive(2)
        for _ in range(3):
            got += wire.receive(0.5)
        self.assertEqual(len(got), 2 * 9 + 3 * 105)
        self.assertEqual(got[6:9], bytes([10, 0x83, 6]))

    def test_clients_share_a_half_duplex_line(self):
        wires = [self.wire(TCP) for _ in range(4)]
        before = self.field.ask("get", line=TCP)
        began = time.monotonic()
        for number, wire in enumerate(wires):
            wire.send(MAIN(11 + number))
        for number, wire in enumerate(wires):
            got = wire.receive(2)
            self.assertEqual((got[6], len(got)), (11 + number, 105))
        took_ms = (time.monotonic() - began) * 1000
        after = self.field.ask("get", line=TCP)
        self.assertEqual(after["transactions"] - before["transactions"], 4)
        self.assertGreater(took_ms, 4 * 160)

    def test_dropped_gateway_refuses(self):
        wire = self.wire(RTU)
        self.assertEqual(len(wire.ask(MAIN(12))), 99)
        self.field.ask("fault", gateway="GW2", kind="drop_gateway")
        self.assertEqual(wire.socket.recv(1), b"")
        address = self.field.line_address(RTU)
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(address, 1)
        self.field.ask("clear")
        socket.create_connection(address, 1).close()

    def test_missed_gap(self):
        self.field.ask("fault", line=RTU, kind="no_gap_missed")
        wire = self.wire(RTU)
        wire.send(MAIN(13))
        self.assertEqual(len(wire.socket.recv(1024)), 101)
        wire.send(MAIN(14))  # at once: well within 3.6 ms
        missed = wire.receive(0.5) == b""
        if self.field.ask("get", line=RTU)["gap_missed"] == 0:
            self.skipTest("this machine was too slow to break the gap")
        self.assertTrue(missed)
        self.assertEqual(len(wire.ask(MAIN(14))), 99)

    def test_noise_and_torn_frames(self):
        wire = self.wire(RTU)
        wire.socket.sendall(b"\x00\xff noise")
        self.field.wait("garbage>=8", line=RTU)
        frame = sealed(MAIN(15))
        wire.socket.sendall(frame[:3])
        time.sleep(0.002)  # a network that tears a frame, not a wait for an event
        wire.socket.sendall(frame[3:])
        self.assertEqual(len(wire.receive()), 101)

    def test_random_bytes_do_no_harm(self):
        draw = random.Random(7)
        for _ in range(60):
            line = draw.choice((TCP, RTU, "L09"))
            with socket.create_connection(self.field.line_address(line), 2) as noise:
                noise.sendall(draw.randbytes(draw.randrange(1, 900)))
            with socket.socket(socket.AF_UNIX) as noise:
                noise.connect(self.field.control)
                noise.sendall(draw.randbytes(draw.randrange(1, 9000)) + b"\n")
        for function in range(1, 128):  # whole frames with any function and odd contents
            wire = self.wire(RTU)
            wire.send(bytes([31, function]) + draw.randbytes(draw.randrange(0, 60)))
            wire.close()
        self.assertEqual(len(self.wire(TCP).ask(MAIN(16), 5)), 99)

    def test_broadcast_is_not_answered(self):
        wire = self.wire("L09")
        wire.mbap = True
        before = self.field.get("L09-01")["frames_private"]
        wire.send(bytes([0, 0x20, 3, 0x54, 0, 5, 10, 0, 0, 0, 5, 1, 1, 27, 0, 0, 0]))
        self.field.wait(f"frames_private>={before + 1}", meter="L09-01")
        self.assertGreater(self.field.get("L09-02")["clock_offset_ms"], 0)
        self.assertEqual(wire.receive(0.2), b"")

    def test_external_breaker(self):
        wire = self.wire(TCP)
        self.assertEqual(len(wire.ask(FORCE(30, 1, 1))), 6)
        self.field.wait("breaker=open", meter="L01-30")
        with self.assertRaises(Refused):
            self.field.ask("hand_close", meter="L01-30")
        wire.ask(FORCE(30, 0, 0))
        self.field.wait("relay=closed", meter="L01-30")
        self.assertEqual(self.field.get("L01-30")["breaker"], "open")
        self.assertEqual(registers(wire.ask(MAIN(30)), 0x204), 0)
        self.field.ask("hand_close", meter="L01-30")
        self.assertEqual(self.field.get("L01-30")["breaker"], "closed")

    def test_swap_count_reset_foreign_purchase(self):
        wire = self.wire(TCP)
        self.field.ask("set", meter="L01-20", count=5, balance_fen=1000, load_w=0)
        self.assertEqual(self.field.ask("foreign_purchase", meter="L01-20", amount_fen=300)["count"], 6)
        self.assertEqual(registers(wire.ask(MAIN(20)), 0x21F, 2), 1300)
        self.field.ask("count_reset", meter="L01-20")
        self.assertEqual(registers(wire.ask(MAIN(20)), 0x221), 0)
        self.field.ask("swap", meter="L01-20", serial_number="990000000001")
        self.assertEqual(wire.ask(bytes([20, 3, 0, 0x43, 0, 3]))[3:].hex(), "990000000001")
        kinds = [event["kind"] for event in self.field.ask("journal", meter="L01-20")["events"]]
        self.assertEqual(kinds, ["set", "foreign_purchase", "set", "swap"])

    def test_refusals_name_the_field(self):
        for request, sentence in (
                ({"op": "nope"}, "field op: there is no op nope"),
                ({"op": "get", "meter": "X"}, "field meter: there is no meter X"),
                ({"op": "fault", "meter": "L01-01", "kind": "odd"}, "field kind: not a kind of fault"),
                ({"op": "fault", "meter": "L01-01", "kind": "late"}, "field delay_ms: is needed for this kind"),
                ({"op": "set", "meter": "L01-01", "count": -1}, "field count: not a whole number from 0 to 65535"),
                ({"op": "set", "meter": "L01-01", "balance_fen": 5, "odd": 1}, "field odd: set does not know it"),
                ({"op": "wait", "until": "x", "timeout_ms": 1}, "field until: needs a condition such as relay=open")):
            before = self.field.get("L01-01")["events"]
            with self.assertRaises(Refused) as caught:
                self.field.ask(**request)
            self.assertEqual(str(caught.exception), sentence)
            self.assertEqual(self.field.get("L01-01")["events"], before)


class Restart(unittest.TestCase):
    """State across kill -9."""

    def test_kill_9_loses_no_purchase(self):
        folder = os.environ.get("PW_TEST_TMP") or "/tmp"
        state = os.path.join(folder, f"field-state-{os.getpid()}")
        self.addCleanup(lambda: os.path.exists(state) and os.unlink(state))
        with Field(state=state, options=["--baud-pace", "off"]) as field:
            field.ask("set", meter="L01-05", balance_fen=5000, count=0, load_w=0)
            for count in range(1, 21):
                wire = Wire(field, TCP, True)
                self.assertEqual(wire.ask(purchase(5, 100, count))[6], 0)
                wire.close()
                if count % 5 == 0:
                    energy = field.get("L01-06")["energy_wh"]
                    field.kill()
                    field.start()
                    self.assertGreaterEqual(field.get("L01-06")["energy_wh"], energy - 100)
            truth = field.get("L01-05")
            self.assertEqual((truth["count"], truth["balance_fen"], truth["credits"]), (20, 7000, 20))
            self.assertEqual({a["times"] for a in truth["applied"]}, {1})

    def test_a_broken_state_file_is_refused(self):
        folder = os.environ.get("PW_TEST_TMP") or "/tmp"
        state = os.path.join(folder, f"field-broken-{os.getpid()}")
        self.addCleanup(os.unlink, state)
        with open(state, "w", encoding="ascii") as file:
            file.write("paywatt-sim-field 1 0\nmeter L01-01 12 nonsense\n")
        with self.assertRaises(RuntimeError):
            Field(state=state)


class OtherParks(unittest.TestCase):
    """Parks unlike the sample: a serial line without a gateway, single-phase meters, a slow line with parity."""

    def test_serial_line_single_phase_and_slow_line(self):
        folder = os.environ.get("PW_TEST_TMP") or "/tmp"
        path = os.path.join(folder, f"park-{os.getpid()}.csv")
        write_park(path, [{"link": "serial", "model": "acrel-ddsy1352"},
                          {"link": "rtu_over_tcp", "baud": 2400, "parity": "E", "turnaround_ms": 20}])
        self.addCleanup(os.unlink, path)
        with Field(park=path, pty=["L1"]) as field:
            values = mbpoll("-m", "rtu", "-b", "9600", "-P", "none", "-a", "2", "-r", "512", "-c", "48", "-t", "4:hex",
                            field.terminal("L1"))
            self.assertEqual((values[512], values[514], values[548] & 0xE000), (7, 0, 0x2000))
            wire = Wire(field, "L2", False)
            began = time.monotonic()
            self.assertEqual(len(wire.ask(MAIN(1), 2)), 99)
            took_ms = (time.monotonic() - began) * 1000 - 50  # receive waits for 50 ms of silence
            self.assertAlmostEqual(took_ms, 109 * 11 / 2.4 + 20, delta=25)
            wire.close()


if __name__ == "__main__":
    unittest.main()
