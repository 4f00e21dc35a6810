"""Writes small park files for tests and benchmarks: one unit, meter and supply for each address."""
import csv

COLUMNS = {
    "site": "code name name_en time_zone",
    "building": "code name name_en",
    "floor": "building code name position",
    "unit": "number building floor trade state shop_name area_m2",
    "room": "code name building",
    "gateway": "code name room host",
    "line": "code name gateway link port device baud parity stop_bits turnaround_ms response_timeout_ms cycle_s",
    "meter": "number line address model serial_number ct_ratio pt_ratio external_control",
    "supply": "unit meter protected close_by_hand billing_mode",
}


def write_park(path, lines):
    """lines: dicts with any of link, meters, model, baud, parity, stop_bits, turnaround_ms, response_timeout_ms,
    cycle_s, device, trade. Line n is Ln behind gateway Gn at 127.50.n.9:4001 (a serial line has none); its meters
    are Ln-01.. with serial numbers 5000nn0000aa."""
    rows = [("site", "T", "试验园区", "Test park", "Asia/Shanghai"), ("building", "A", "一号楼", "Building 1"),
            ("floor", "A", "1F", "一层", 1), ("room", "1#", "1#强电间", "A")]
    units, gateways, buses, meters, supplies = [], [], [], [], []
    for number, line in enumerate(lines, 1):
        link = line.get("link", "modbus_tcp")
        serial = link == "serial"
        if not serial:
            gateways.append(("gateway", f"G{number}", f"{number}号通讯管理机", "1#", f"127.50.{number}.9"))
        buses.append(("line", f"L{number}", f"{number}号总线", "" if serial else f"G{number}", link,
                      "" if serial else 4001, line.get("device", "/dev/null") if serial else "",
                      line.get("baud", 9600), line.get("parity", "N"), line.get("stop_bits", 1),
                      line.get("turnaround_ms", 50), line.get("response_timeout_ms", 400), line.get("cycle_s", 0)))
        for address in range(1, line.get("meters", 4) + 1):
            unit, meter = f"1F-{number}{address:03d}", f"L{number}-{address:02d}"
            units.append(("unit", unit, "A", "1F", line.get("trade", "服装"), "营业", f"试验商铺{number}-{address}", "80.0"))
            meters.append(("meter", meter, f"L{number}", address, line.get("model", "acrel-dtsy1352"),
                           f"5000{number:04d}{address:04d}", 1, 1, 0))
            supplies.append(("supply", unit, meter, 0, 0, "meter"))
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        last = None
        for row in rows[:3] + units + rows[3:] + gateways + buses + meters + supplies:
            if row[0] != last:
                last = row[0]
                out.writerow([f"#{last}"] + COLUMNS[last].split())
            out.writerow(row)
    return path
