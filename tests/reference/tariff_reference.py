"""What use costs, written from the rules of the design (section 5.10) and not from core/rules: fractions instead of scaled
integers, candidate moments that are tried instead of a walk, one function a rule. Slow and plain on purpose.

  * a rate is in force by local date (season, then named date or weekday) and local minute
  * a period begins at local midnight of its day, each month or year; a version that counts periods differently begins one
  * use between two readings is linear in time; at a boundary (version, period, rate) it is rounded to the Wh, half away from 0
  * cost grows with each Wh at the price of its step and rate; a charge is the difference of the rounded cumulative costs
"""
import datetime
from fractions import Fraction

RATES = 5
FLAT = 2
SINGLE, BY_RATE, STEPS, STEPS_BY_RATE = range(4)
DAY = 86_400_000
EPOCH = datetime.date(1970, 1, 1)


def round_half_away(value):
    """To a whole number; a half goes away from zero."""
    whole = int(abs(value) * 2 + 1) // 2
    return whole if value >= 0 else -whole


class Zone:
    def __init__(self, rows):
        self.rows = rows  # [(from_ms, offset_minutes)]

    def local(self, at):
        offset = self.rows[0][1]
        for from_ms, minutes in self.rows:
            if from_ms <= at:
                offset = minutes
        return at + offset * 60_000

    def first_instant(self, local):
        """The first instant at which the local clock shows `local` or more: one of few candidates."""
        candidates = [local - minutes * 60_000 for _, minutes in self.rows] + [from_ms for from_ms, _ in self.rows[1:]]
        return min(at for at in candidates if self.local(at) >= local)


class Calendar:
    def __init__(self, tables, seasons, dates, weekdays):
        self.tables = tables      # [[(minute, rate)]]
        self.seasons = seasons    # [(month, day, [table by day type])]
        self.dates = {(y, m, d): kind for y, m, d, kind in dates}
        self.weekdays = weekdays  # Sunday first

    def rate(self, local):
        date = EPOCH + datetime.timedelta(days=local // DAY)
        minute = local % DAY // 60_000
        begun = [season for season in self.seasons if (season[0], season[1]) <= (date.month, date.day)]
        season = (begun or self.seasons)[-1]
        kind = self.dates.get((date.year, date.month, date.day), self.weekdays[date.isoweekday() % 7])
        return [rate for start, rate in self.tables[season[2][kind]] if start <= minute][-1]


class Version:
    def __init__(self, valid_from, kind, every, month, day, steps, prices, calendar):
        self.valid_from, self.kind, self.calendar = valid_from, kind, calendar
        self.period = (every, month if every else 0, day)
        self.steps, self.prices = steps, prices

    @property
    def has_rates(self):
        return self.kind in (BY_RATE, STEPS_BY_RATE)

    def price(self, step, rate):
        """Fen per Wh."""
        return Fraction(self.prices[step][rate if self.has_rates else FLAT], 100_000)

    def walk(self, start_wh, end_wh, price_of_step):
        """Cost of the Wh from start to end of a period."""
        ends = self.steps[1:] + [None]
        cost = Fraction(0)
        for step, (low, high) in enumerate(zip(self.steps, ends)):
            part = (end_wh if high is None else min(end_wh, high)) - max(start_wh, low)
            if part > 0:
                cost += part * price_of_step(step)
        return cost


class Tariff:
    def __init__(self, zone, versions):
        self.zone, self.versions = zone, versions

    def version(self, at):
        return max(i for i, version in enumerate(self.versions) if version.valid_from <= at)

    def natural_starts(self, index, low, high):
        """Beginnings of the version's periods around [low, high]."""
        every, month, day = self.versions[index].period
        first = (EPOCH + datetime.timedelta(days=low // DAY)).year - 1
        last = (EPOCH + datetime.timedelta(days=high // DAY)).year + 1
        starts = []
        for year in range(first, last + 1):
            for m in ([month] if every else range(1, 13)):
                local = (datetime.date(year, m, day) - EPOCH).days * DAY
                starts.append(self.zone.first_instant(local))
        return starts

    def restarts(self):
        """Moments at which a version counts its periods differently from the one before."""
        return [b.valid_from for a, b in zip(self.versions, self.versions[1:]) if a.period != b.period]


class Interval:
    """The use between two readings under a tariff."""

    def __init__(self, tariff, by_registers, start, end):
        self.tariff, self.by_registers, self.start, self.end = tariff, by_registers, start, end
        low, high = start[0], end[0]
        indexes = range(tariff.version(low), tariff.version(high) + 1)
        self.starts = {i: tariff.natural_starts(i, low, high) for i in indexes}

    def key(self, at):
        """Everything that decides about a Wh used at a moment."""
        index = self.tariff.version(at)
        version = self.tariff.versions[index]
        begun = [s for s in self.starts[index] if s <= at]
        begun += [s for s in self.tariff.restarts() if s <= at]
        rate = FLAT
        if version.has_rates and not self.by_registers:
            rate = version.calendar.rate(self.tariff.zone.local(at))
        return index, max(begun), rate

    def candidates(self):
        low, high = self.start[0], self.end[0]
        found = {v.valid_from for v in self.tariff.versions}
        for starts in self.starts.values():
            found.update(starts)
        if not self.by_registers:
            found.update(from_ms for from_ms, _ in self.tariff.zone.rows)
            minutes = {start for i in self.starts if self.tariff.versions[i].has_rates
                       for table in self.tariff.versions[i].calendar.tables for start, _ in table}
            for day in range(low // DAY - 1, high // DAY + 2):
                for minute in minutes:
                    local = day * DAY + minute * 60_000
                    found.update(local - offset * 60_000 for _, offset in self.tariff.zone.rows)
        return sorted(at for at in found if low < at < high)

    def boundaries(self):
        found = []
        before = self.key(self.start[0])
        for at in self.candidates():
            now = self.key(at)
            if now != before:
                found.append(at)
            before = now
        return found

    def reading_at(self, at):
        """[at, total, rates]: linear, rounded to the Wh."""
        part = Fraction(at - self.start[0], self.end[0] - self.start[0])
        return [at] + [a + round_half_away((b - a) * part) for a, b in zip(self.start[1:], self.end[1:])]

    def points(self):
        return [self.reading_at(at) for at in self.boundaries()]


class Meter:
    """Charges readings one after the other."""

    def __init__(self, tariff, by_registers):
        self.tariff, self.by_registers = tariff, by_registers
        self.period, self.used_wh, self.cost = None, 0, Fraction(0)

    def stretch(self, interval, start, end):
        index, period, rate = interval.key(start[0])
        version = self.tariff.versions[index]
        if period != self.period:
            self.period, self.used_wh, self.cost = period, 0, Fraction(0)
        before = round_half_away(self.cost)
        if self.by_registers:
            used = [b - a for a, b in zip(start[2:], end[2:])]
            for r, wh in enumerate(used):
                self.cost += wh * version.price(0, r)
            self.cost += version.walk(self.used_wh, self.used_wh + sum(used), lambda s: version.price(s, FLAT) - version.price(0, FLAT))
            self.used_wh += sum(used)
        else:
            wh = end[1] - start[1]
            self.cost += version.walk(self.used_wh, self.used_wh + wh, lambda s: version.price(s, rate))
            self.used_wh += wh
        return round_half_away(self.cost) - before

    def charge(self, start, end):
        """(fen, [[at, total, rates] at each boundary])."""
        interval = Interval(self.tariff, self.by_registers, start, end)
        points = interval.points()
        fen = 0
        for a, b in zip([start] + points, points + [end]):
            fen += self.stretch(interval, a, b)
        return fen, points
