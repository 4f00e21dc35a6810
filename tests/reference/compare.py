#!/usr/bin/env python3
"""Random tariff cases through core/rules (the driver tariff_cases) and through tariff_reference.py; both must say the same.

    compare.py --driver build/asan/tests/reference/tariff_cases [--cases 5000] [--seed N]

Prints the seed first, so that a failure can be had again. 100,000 cases: ./paywatt test quick takes 5,000; the whole number is
asked for with --cases 100000.
"""
import argparse
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tariff_reference as reference  # noqa: E402

HOUR = 3_600_000
START = 1_767_196_800_000  # 2025-12-31 16:00 UTC: 2026-01-01 in Shanghai


def random_zone(rng):
    if rng.random() < 0.5:
        return [(0, 480)]
    rows = [(0, rng.choice([-300, 0, 60, 330, 345, 480, 765]))]
    at = START - rng.randrange(200) * 24 * HOUR
    for _ in range(rng.randrange(1, 5)):
        at += rng.randrange(1, 200 * 24 * 60) * 60_000
        rows.append((at, min(rows[0][1] + rng.choice([0, 30, 60, -60, 180]), 840)))
    return rows


def random_table(rng):
    minutes = sorted({0} | {rng.randrange(48) * 30 if rng.random() < 0.9 else rng.randrange(1440) for _ in range(rng.randrange(9))})
    return [(minute, rng.randrange(reference.RATES)) for minute in minutes]


def random_calendar(rng):
    tables = [random_table(rng) for _ in range(rng.randrange(1, 5))]
    days = sorted({(rng.randrange(1, 13), rng.randrange(1, 29)) for _ in range(rng.randrange(1, 5))} | ({(2, 29)} if rng.random() < 0.1 else set()))
    seasons = [(m, d, [rng.randrange(len(tables)) for _ in range(4)]) for m, d in days]
    dates = sorted({(rng.choice([2026, 2027]), rng.randrange(1, 13), rng.randrange(1, 29)) for _ in range(rng.randrange(6))})
    weekdays = [1, 0, 0, 0, 0, 0, 1] if rng.random() < 0.6 else [rng.randrange(4) for _ in range(7)]
    return tables, seasons, [(y, m, d, rng.randrange(4)) for y, m, d in dates], weekdays


def random_steps(rng):
    steps = [0]
    for _ in range(rng.randrange(0, 4)):
        steps.append(steps[-1] + rng.choice([1, 7, 1000, 50_000, 210_000, rng.randrange(1, 500_000)]))
    return steps


def random_prices(rng, kind, steps, by_registers):
    base = [rng.choice([0, 1, 4783, 8312, 10_000, rng.randrange(20_000)]) for _ in range(reference.RATES)]
    if kind in (reference.SINGLE, reference.STEPS):
        base = [base[0]] * reference.RATES
    if by_registers or rng.random() < 0.3:
        return [[price + more for price in base] for more in [0] + [rng.randrange(5000) for _ in steps[1:]]]
    return [base] + [[rng.randrange(30_000) for _ in base] for _ in steps[1:]]


def random_case(rng):
    by_registers = rng.random() < 0.25
    versions = []
    at = START - rng.randrange(1, 40 * 24) * HOUR
    for _ in range(rng.choice([1, 1, 2, 3])):
        kind = rng.choice([1, 3]) if by_registers else rng.randrange(4)
        steps = random_steps(rng) if kind in (reference.STEPS, reference.STEPS_BY_RATE) else [0]
        calendar = random_calendar(rng) if kind in (reference.BY_RATE, reference.STEPS_BY_RATE) else None
        every = int(rng.random() < 0.3)
        versions.append([at, kind, every, rng.randrange(1, 13), rng.choice([1, 1, rng.randrange(1, 29)]), steps,
                         random_prices(rng, kind, steps, by_registers), calendar])
        at += rng.randrange(1, 60 * 24 * 60) * 60_000 if rng.random() < 0.5 else rng.randrange(1, 60) * 24 * HOUR
    return random_zone(rng), versions, by_registers, random_points(rng)


def random_points(rng):
    at = START + rng.randrange(0, 60 * 24 * HOUR)
    registers = [rng.randrange(10**6) for _ in range(1 + reference.RATES)]
    points = []
    for _ in range(rng.randrange(2, 8)):
        points.append([at] + list(registers))
        at += rng.choice([15 * 60_000, HOUR, rng.randrange(1, 3 * HOUR), rng.randrange(1, 4 * 24 * HOUR)] + [rng.randrange(1, 45 * 24 * HOUR)] * (rng.random() < 0.1))
        registers = [value + rng.choice([0, 1, rng.randrange(100), rng.randrange(20_000), rng.randrange(400_000)]) for value in registers]
    return points


def as_text(case):
    zone, versions, by_registers, points = case
    out = [len(zone)] + [n for row in zone for n in row] + [len(versions)]
    for at, kind, every, month, day, steps, prices, calendar in versions:
        out += [at, kind, every, month, day, len(steps)] + steps + [p for row in prices for p in row] + [int(calendar is not None)]
        if calendar:
            tables, seasons, dates, weekdays = calendar
            out.append(len(tables))
            for table in tables:
                out += [len(table)] + [n for slot in table for n in slot]
            out.append(len(seasons))
            for month_, day_, rows in seasons:
                out += [month_, day_] + rows
            out += [len(dates)] + [n for row in dates for n in row] + weekdays
    out += [int(by_registers), len(points)] + [n for point in points for n in point]
    return " ".join(map(str, out))


def expected(case):
    zone, versions, by_registers, points = case
    tariff = reference.Tariff(reference.Zone(zone), [
        reference.Version(*row[:7], reference.Calendar(*row[7]) if row[7] else None) for row in versions])
    meter = reference.Meter(tariff, by_registers)
    out = []
    total = 0
    for start, end in zip(points, points[1:]):
        fen, split = meter.charge(start, end)
        out += [fen, len(split)] + [n for point in split for n in point[:2]]
        total += fen
    return out + [meter.period, meter.used_wh, int(meter.cost * 100_000)], total


def one_case(number, seed, line):
    """None, or what differs."""
    case = random_case(random.Random(f"{seed}/{number}"))
    try:
        got = [int(word) for word in line.split()]
    except ValueError:
        return f"case {number}: {line.strip()}\n{as_text(case)}"
    want, total = expected(case)
    if got[:-2] != want or got[-1] != total:
        return f"case {number}:\n got {got}\nwant {want} ... {total}\n{as_text(case)}"
    return None


def run(driver, cases, seed):
    """Case by case, in batches that fit in memory."""
    for first in range(0, cases, 500):
        numbers = range(first, min(first + 500, cases))
        text = "\n".join(as_text(random_case(random.Random(f"{seed}/{n}"))) for n in numbers)
        done = subprocess.run([driver], input=text, text=True, capture_output=True, check=False)
        lines = done.stdout.splitlines()
        for number, line in zip(numbers, lines):
            wrong = one_case(number, seed, line)
            if wrong:
                return wrong
        if len(lines) != len(numbers) or done.returncode != 0:
            return f"the driver ended with {done.returncode} after {len(lines)} of {len(numbers)}: {done.stdout[-200:]} {done.stderr[-2000:]}"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver", required=True)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=None)
    words = parser.parse_args()
    seed = words.seed if words.seed is not None else random.SystemRandom().randrange(10**9)
    print(f"seed {seed}, {words.cases} cases", flush=True)
    wrong = run(words.driver, words.cases, seed)
    print(wrong or "all agree, any partition at stored points gives the same fen")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
