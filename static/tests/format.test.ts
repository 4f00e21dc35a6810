import { beforeEach, describe, expect, it } from 'vitest';
import {
  age,
  current,
  dayStart,
  dayText,
  decimal,
  duration,
  energy,
  money,
  moneyParse,
  none,
  power,
  price,
  timeFull,
  timeShort,
  timeZoneSet,
  voltage,
} from '@shared/format';
import { localeSet } from '@shared/i18n';
import en from '../portal/locales/en.json';
import zh from '../portal/locales/zh-CN.json';

const now_ms = Date.parse('2026-11-23T03:00:00.000Z'); // 11:00 in Shanghai

beforeEach(() => {
  timeZoneSet('Asia/Shanghai');
  localeSet('zh-CN', zh);
});

describe('money', () => {
  it('shows fen as yuan with two decimals and thousands', () => {
    expect(money(123450)).toBe('1,234.50');
    expect(money(0)).toBe('0.00');
    expect(money(5)).toBe('0.05');
    expect(money(-5)).toBe('-0.05');
    expect(money(-123456789)).toBe('-1,234,567.89');
  });
  it('is exact up to the largest safe integer', () => {
    expect(money(Number.MAX_SAFE_INTEGER)).toBe('90,071,992,547,409.91');
  });
  it('shows a dash for what is not known', () => {
    expect(money(null)).toBe(none);
    expect(money(undefined)).toBe(none);
    expect(money(Number.NaN)).toBe(none);
  });
  it('reads what was typed', () => {
    expect(moneyParse('1,234.5')).toBe(123450);
    expect(moneyParse(' 200 ')).toBe(20000);
    expect(moneyParse('-0.05')).toBe(-5);
    expect(moneyParse('1.234')).toBeNull();
    expect(moneyParse('1e3')).toBeNull();
    expect(moneyParse('')).toBeNull();
  });
});

describe('energy and electrical figures', () => {
  it('shows Wh as kWh with two decimals, half away from zero', () => {
    expect(energy(1_234_567)).toBe('1,234.57');
    expect(energy(4)).toBe('0.00');
    expect(energy(5)).toBe('0.01');
    expect(energy(-5)).toBe('-0.01');
    expect(energy(-4)).toBe('0.00');
  });
  it('shows power, voltage, current and price', () => {
    expect(power(12_345)).toBe('12.35');
    expect(voltage(228_449)).toBe('228.4');
    expect(current(1_005)).toBe('1.01');
    expect(price(12_130)).toBe('1.2130');
    expect(decimal(1_500_000, 0)).toBe('1,500,000');
  });
});

describe('time', () => {
  it('says today, yesterday, the day, or the year', () => {
    expect(timeShort('2026-11-23T02:59:00.000Z', now_ms)).toBe('今天 10:59');
    expect(timeShort('2026-11-22T15:59:59.000Z', now_ms)).toBe('昨天 23:59');
    expect(timeShort('2026-11-22T16:00:00.000Z', now_ms)).toBe('今天 00:00');
    expect(timeShort('2026-11-20T08:32:00.000Z', now_ms)).toBe('11-20 16:32');
    expect(timeShort('2025-11-20T08:32:00.000Z', now_ms)).toBe('2025-11-20');
    expect(timeShort(null, now_ms)).toBe(none);
    expect(timeShort('nonsense', now_ms)).toBe(none);
  });
  it('gives the full time in the zone of the site', () => {
    expect(timeFull('2026-11-22T16:00:05.123Z')).toBe('2026-11-23 00:00:05');
    timeZoneSet('Europe/Berlin');
    expect(timeFull('2026-07-01T00:00:00.000Z')).toBe('2026-07-01 02:00:00');
  });
  it('finds the first instant of a day, also when the clocks change', () => {
    expect(dayStart('2026-11-23')).toBe(Date.parse('2026-11-22T16:00:00.000Z'));
    expect(dayStart('23.11.2026')).toBeNull();
    timeZoneSet('Europe/Berlin');
    expect(dayStart('2026-03-29')).toBe(Date.parse('2026-03-28T23:00:00.000Z'));
    expect(dayStart('2026-03-30')).toBe(Date.parse('2026-03-29T22:00:00.000Z'));
    expect(dayText(Date.parse('2026-03-29T22:00:00.000Z'))).toBe('2026-03-30');
  });
  it('tells lengths and ages in the two largest units', () => {
    expect(duration(4_200)).toBe('4 秒');
    expect(duration(7_800_000)).toBe('2 小时 10 分');
    expect(duration(3_600_000)).toBe('1 小时');
    expect(duration(4 * 86_400_000 + 3_600_000)).toBe('4 天 1 小时');
    expect(duration(-5)).toBe('0 秒');
    expect(age('2026-11-23T02:59:56.000Z', now_ms)).toBe('4 秒前');
    expect(age('2026-11-23T02:59:59.900Z', now_ms)).toBe('刚刚');
    expect(age(null, now_ms)).toBe('从未');
  });
  it('speaks English as well', () => {
    localeSet('en', en);
    expect(timeShort('2026-11-22T15:59:59.000Z', now_ms)).toBe('yesterday 23:59');
    expect(age('2026-11-23T00:50:00.000Z', now_ms)).toBe('2 h 10 min ago');
  });
});
