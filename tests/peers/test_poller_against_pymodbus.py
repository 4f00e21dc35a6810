"""The poller against meters that somebody else wrote: pymodbus as Modbus TCP and as RTU over TCP."""
import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "stack"))
import lib  # noqa: E402
from park import Park  # noqa: E402


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.park = park = Park(lines=2, meters=3)
        cls.addClassCleanup(park.stop)
        park.start_mariadb()
        park.start_redis()
        park.write_settings()
        park.ctl("migrate", "--root-socket-user", "root")
        park.import_park()
        script = os.path.join(os.path.dirname(__file__), "meter_pymodbus.py")
        for number, kind in ((1, "tcp"), (2, "rtu")):
            host = f"{park.net}.9.{number}"
            park.start(f"pymodbus-{kind}", ["/usr/bin/python3", script, kind, host, "4001", "3"])
            lib.wait_for(f"pymodbus {kind}", lambda h=host: cls.listens(h))
        park.start_poller()
        park.wait_read()

    @staticmethod
    def listens(host):
        with socket.socket() as probe:
            return probe.connect_ex((host, 4001)) == 0

    def test_both_links_bring_the_same_figures(self):
        rows = self.park.sql(
            "SELECT m.address, l.link, s.balance_fen, s.purchase_count, s.energy_wh, s.energy_sharp_wh, s.voltage_a_mv,"
            " s.current_a_ma, s.power_a_w, s.power_w, s.relay, s.forced FROM meter_state s JOIN meter m ON m.id = s.meter_id"
            " JOIN line l ON l.id = m.line_id ORDER BY l.code, m.address")
        self.assertEqual(len(rows), 6)
        for address, link, *values in rows:
            unit = int(address)
            self.assertEqual(values, [str(5000 + unit), str(unit), str((123456 + unit) * 10), "10000", "230100",
                                      str((100 + unit) * 10), "230", "1380", "closed", "none"], link)

    def test_slow_blocks_bring_serial_number_and_prices(self):
        rows = lib.wait_for("slow blocks", lambda: [row for row in self.park.sql(
            "SELECT m.serial_number, p.serial_number, p.alarm1_fen, p.alarm2_fen, p.fee_control_enabled FROM meter_parameter p"
            " JOIN meter m ON m.id = p.meter_id WHERE p.serial_number IS NOT NULL AND p.alarm1_fen IS NOT NULL")], 60)
        for wanted, read, alarm1, alarm2, enabled in rows:
            self.assertEqual((read, alarm1, alarm2, enabled), (read, "5000", "2000", "1"))
            self.assertEqual(len(wanted), len(read))

    def test_no_error_is_counted(self):
        self.assertEqual(self.park.sql(
            "SELECT SUM(timeouts + crc_errors + foreign_frames + late_frames) FROM line_state"), [["0"]])


if __name__ == "__main__":
    unittest.main()
