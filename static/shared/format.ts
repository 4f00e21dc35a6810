/**
 * The one place that turns integers of the API into text. No floating point on money or energy:
 * division is by integer, rounding is half away from zero and only where digits are dropped.
 */
import { locale, text } from './i18n';

export const none = '\u2014';

let time_zone = 'Asia/Shanghai';

/** The site's IANA time zone decides what "today" means; set once from the session. */
export function timeZoneSet(zone: string): void {
  time_zone = zone;
}

/** An integer with `digits` implied decimals -> "-1,234.50"; `keep` decimals are shown. */
export function decimal(value: number | null | undefined, digits: number, keep: number = digits): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return none;
  const drop = 10n ** BigInt(digits - keep);
  const whole = BigInt(Math.trunc(value));
  const magnitude = whole < 0n ? -whole : whole;
  const rounded = (magnitude + drop / 2n) / drop;
  const unit = 10n ** BigInt(keep);
  const head = (rounded / unit).toString().replace(/\B(?=(\d{3})+$)/g, ',');
  const tail = keep > 0 ? '.' + (rounded % unit).toString().padStart(keep, '0') : '';
  return (whole < 0n && rounded > 0n ? '-' : '') + head + tail;
}

/** Fen -> yuan with two decimals: 123450 -> "1,234.50". The unit stands beside it, smaller. */
export const money = (fen: number | null | undefined): string => decimal(fen, 2);
/** Wh -> kWh with two decimals. */
export const energy = (wh: number | null | undefined): string => decimal(wh, 3, 2);
/** W -> kW with two decimals. */
export const power = (w: number | null | undefined): string => decimal(w, 3, 2);
/** mV -> V with one decimal. */
export const voltage = (mv: number | null | undefined): string => decimal(mv, 3, 1);
/** mA -> A with two decimals. */
export const current = (ma: number | null | undefined): string => decimal(ma, 3, 2);
/** 1/10000 yuan per kWh -> yuan with four decimals. */
export const price = (e4: number | null | undefined): string => decimal(e4, 4);
/** A count with thousands. */
export const count = (value: number | null | undefined): string => decimal(value, 0);

/** Typed yuan -> fen, or null when it is not an amount with at most two decimals. */
export function moneyParse(typed: string): number | null {
  const match = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/.exec(typed.trim().replace(/,/g, ''));
  if (!match) return null;
  const fen = Number(match[2]) * 100 + Number((match[3] ?? '').padEnd(2, '0'));
  return match[1] ? -fen : fen;
}

interface Parts {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function partsOf(at_ms: number): Parts {
  let formatter = formatters.get(time_zone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat('en-GB', {
      timeZone: time_zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formatters.set(time_zone, formatter);
  }
  const found: Record<string, string> = {};
  for (const part of formatter.formatToParts(at_ms)) found[part.type] = part.value;
  return found as unknown as Parts;
}

const day_ms = 86_400_000;
const dayOf = (parts: Parts): string => `${parts.year}-${parts.month}-${parts.day}`;

export function timeParse(at: string | null | undefined): number | null {
  if (!at) return null;
  const at_ms = Date.parse(at);
  return Number.isNaN(at_ms) ? null : at_ms;
}

/** The first instant of a day "2026-11-22" in the site's time zone, also across a change of clocks. */
export function dayStart(day: string): number | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!match) return null;
  const wanted_ms = Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3]));
  let at_ms = wanted_ms;
  for (let pass = 0; pass < 2; pass += 1) {
    const p = partsOf(at_ms);
    const seen_ms = Date.UTC(+p.year, +p.month - 1, +p.day, +p.hour, +p.minute, +p.second);
    at_ms += wanted_ms - seen_ms;
  }
  return at_ms;
}

/** "2026-11-22": the site's day of an instant. */
export function dayText(at_ms: number): string {
  return dayOf(partsOf(at_ms));
}

/** "2026-11-22 16:32:05" in the site's time zone, for hover and exports. */
export function timeFull(at: string | null | undefined): string {
  const at_ms = timeParse(at);
  if (at_ms === null) return none;
  const p = partsOf(at_ms);
  return `${dayOf(p)} ${p.hour}:${p.minute}:${p.second}`;
}

/** "16:32:05" in the site's time zone. */
export function timeClock(at: string | null | undefined): string {
  return timeFull(at).slice(11) || none;
}

/** Today 16:32, yesterday 16:32, 11-22 16:32, or 2025-11-22 for another year. */
export function timeShort(at: string | null | undefined, now_ms: number = Date.now()): string {
  const at_ms = timeParse(at);
  if (at_ms === null) return none;
  const p = partsOf(at_ms);
  const clock = `${p.hour}:${p.minute}`;
  const today = partsOf(now_ms);
  if (dayOf(p) === dayOf(today)) return text('time.today', { clock });
  if (dayOf(p) === dayOf(partsOf(now_ms - day_ms))) return text('time.yesterday', { clock });
  if (p.year === today.year) return `${p.month}-${p.day} ${clock}`;
  return dayOf(p);
}

/** A length of time in the two largest units: "4 s", "2 h 10 min", "3 d 4 h". */
export function duration(length_ms: number): string {
  const seconds = Math.max(0, Math.floor(length_ms / 1000));
  if (seconds < 60) return text('time.seconds', { n: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return text('time.minutes', { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) {
    const rest = minutes % 60;
    const head = text('time.hours', { n: hours });
    return rest ? joined(head, text('time.minutes', { n: rest })) : head;
  }
  const days = Math.floor(hours / 24);
  const head = text('time.days', { n: days });
  return hours % 24 ? joined(head, text('time.hours', { n: hours % 24 })) : head;
}

function joined(a: string, b: string): string {
  return `${a} ${b}`;
}

/** How old a fact is: "4 s ago"; a dash when there is none. */
export function age(at: string | null | undefined, now_ms: number = Date.now()): string {
  const at_ms = timeParse(at);
  if (at_ms === null) return text('time.never');
  const length_ms = now_ms - at_ms;
  return length_ms < 1000 ? text('time.now') : text('time.ago', { age: duration(length_ms) });
}

/** Percent with one decimal from a ratio in percent as the API gives it. */
export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined) return none;
  return new Intl.NumberFormat(locale.value, { maximumFractionDigits: 1 }).format(value) + ' %';
}
