/** Days of the site as text ("2026-11-22"); no clock of the phone's own zone takes part. */
import { dayText } from '@shared/format';
import type { UsageStep } from './types';

export interface Span {
  from: string;
  to: string;
}

const two = (n: number): string => String(n).padStart(2, '0');

function parts(day: string): [number, number, number] {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return [year, month, date];
}

export function monthDays(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** `count` days on. */
export function dayMove(day: string, count: number): string {
  const [year, month, date] = parts(day);
  return new Date(Date.UTC(year, month - 1, date + count)).toISOString().slice(0, 10);
}

export const today = (now_ms: number = Date.now()): string => dayText(now_ms);

const years_shown = 5;

/** The stretch that a step shows around a day: its month by day, its year by month, the last years. */
export function spanOf(step: UsageStep, day: string): Span {
  const [year, month] = parts(day);
  if (step === 'day') {
    const head = `${year}-${two(month)}`;
    return { from: `${head}-01`, to: `${head}-${two(monthDays(year, month))}` };
  }
  if (step === 'month') return { from: `${year}-01-01`, to: `${year}-12-31` };
  return { from: `${year - years_shown + 1}-01-01`, to: `${year}-12-31` };
}

/** A day in the stretch before (-1) or after (1). */
export function spanMove(step: UsageStep, day: string, by: -1 | 1): string {
  const [year, month] = parts(day);
  if (step === 'day') {
    const at = new Date(Date.UTC(year, month - 1 + by, 1));
    return at.toISOString().slice(0, 10);
  }
  return `${year + by * (step === 'year' ? years_shown : 1)}-${two(month)}-01`;
}

export function spanTitle(step: UsageStep, day: string): string {
  const [year, month] = parts(day);
  if (step === 'day') return `${year}-${two(month)}`;
  return step === 'month' ? String(year) : `${year - years_shown + 1} – ${year}`;
}
