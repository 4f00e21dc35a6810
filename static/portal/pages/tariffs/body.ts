/** The body of a tariff version as the editor holds it: prices per rate, steps, one day's bands of rates per season. */
import { moneyParse } from '@shared/format';
import type { Rate, TariffKind } from '@/types';

export type BandRate = Rate | 'deep_valley';
export const rates: readonly BandRate[] = ['sharp', 'peak', 'flat', 'valley', 'deep_valley'];
/** [minute of the day, rate from there on]; the first minute is 0. */
export type Table = [number, BandRate][];

export interface Body {
  period?: { every: 'month' | 'year'; month?: number; day: number };
  steps?: { from_wh: number; surcharge_e4?: number; prices_e4?: Partial<Record<BandRate, number>> }[];
  prices_e4: Partial<Record<BandRate, number>>;
  calendar?: {
    tables: Table[];
    seasons: { from: string; tables: number[] }[];
    weekdays: number[];
    dates: { date: string; type: number }[];
  };
}

export const hasRates = (kind: TariffKind): boolean => kind === 'rates' || kind === 'steps_rates';
export const hasSteps = (kind: TariffKind): boolean => kind === 'steps' || kind === 'steps_rates';

export interface Draft {
  kind: TariffKind;
  every: 'month' | 'year';
  day: number;
  month: number;
  /** Typed yuan per kWh, four decimals at most. */
  prices: Record<BandRate, string>;
  steps: { from_kwh: string; surcharge: string }[];
  seasons: { from: string; table: Table }[];
}

const decimals = 10_000;

/** "1.0582" -> 10582, or null. Prices have four decimals at most. */
export function priceParse(typed: string): number | null {
  const match = /^(-?)(\d{1,5})(?:\.(\d{1,4}))?$/.exec(typed.trim());
  if (!match) return null;
  const e4 = Number(match[2]) * decimals + Number((match[3] ?? '').padEnd(4, '0'));
  return match[1] ? -e4 : e4;
}
const priceText = (e4: number | undefined): string => (e4 === undefined ? '' : (e4 / decimals).toFixed(4));

export function draftNew(kind: TariffKind = 'single'): Draft {
  return {
    kind,
    every: 'month',
    day: 1,
    month: 1,
    prices: { sharp: '', peak: '', flat: '', valley: '', deep_valley: '' },
    steps: [
      { from_kwh: '0', surcharge: '0' },
      { from_kwh: '', surcharge: '' },
    ],
    seasons: [{ from: '01-01', table: [[0, 'valley'], [480, 'peak'], [720, 'flat'], [1020, 'peak'], [1260, 'flat'], [1380, 'valley']] }], // prettier-ignore
  };
}

export function draftOf(kind: TariffKind, body: Body): Draft {
  const draft = draftNew(kind);
  if (body.period)
    Object.assign(draft, { every: body.period.every, day: body.period.day, month: body.period.month ?? 1 });
  for (const rate of rates) draft.prices[rate] = priceText(body.prices_e4[rate]);
  if (body.steps?.length) {
    draft.steps = body.steps.map((step) => ({
      from_kwh: String(step.from_wh / 1000),
      surcharge: priceText(step.surcharge_e4 ?? 0),
    }));
  }
  const calendar = body.calendar;
  if (calendar) {
    draft.seasons = calendar.seasons.map((season) => ({
      from: season.from,
      table: (calendar.tables[season.tables[0] ?? 0] ?? []).map(([minute, rate]) => [minute, rate]),
    }));
  }
  return draft;
}

/** What the editor cannot show: day types and steps with prices of their own. A new version would lose them. */
export function isPlain(body: Body): boolean {
  const calendar = body.calendar;
  const one_type = !calendar || calendar.seasons.every((season) => new Set(season.tables).size === 1);
  return one_type && !body.steps?.some((step) => step.prices_e4);
}

export type Wrong = Partial<Record<'prices' | 'steps' | 'seasons' | 'period', true>>;

/** The body, or which part of the draft is not right yet. */
export function bodyOf(draft: Draft): { body: Body | null; wrong: Wrong } {
  const wrong: Wrong = {};
  const prices_e4: Partial<Record<BandRate, number>> = {};
  for (const rate of hasRates(draft.kind) ? rates : (['flat'] as const)) {
    const typed = draft.prices[rate];
    if (!typed.trim() && rate !== 'flat') continue;
    const e4 = priceParse(typed);
    if (e4 === null || e4 < 0) wrong.prices = true;
    else prices_e4[rate] = e4;
  }
  const body: Body = { prices_e4 };
  if (hasSteps(draft.kind)) {
    body.period =
      draft.every === 'year'
        ? { every: 'year', month: draft.month, day: draft.day }
        : { every: 'month', day: draft.day };
    body.steps = draft.steps.map((step) => ({
      from_wh: (moneyParse(step.from_kwh || '-1') ?? -1) * 10,
      surcharge_e4: priceParse(step.surcharge || '0') ?? Number.NaN,
    }));
    const rising = body.steps.every((step, n) =>
      n === 0 ? step.from_wh === 0 : step.from_wh > (body.steps?.[n - 1]?.from_wh ?? 0),
    );
    if (!rising || body.steps.some((step) => Number.isNaN(step.surcharge_e4))) wrong.steps = true;
  }
  if (hasRates(draft.kind)) {
    const rising = (table: Table): boolean =>
      table[0]?.[0] === 0 && table.every(([minute], n) => n === 0 || minute > (table[n - 1]?.[0] ?? 0));
    if (draft.seasons.some((season) => !/^\d{2}-\d{2}$/.test(season.from) || !rising(season.table)))
      wrong.seasons = true;
    body.calendar = {
      tables: draft.seasons.map((season) => season.table),
      seasons: draft.seasons.map((season, n) => ({ from: season.from, tables: [n, n, n, n] })),
      weekdays: [0, 0, 0, 0, 0, 0, 0],
      dates: [],
    };
  }
  return { body: Object.keys(wrong).length ? null : body, wrong };
}

export const clockOf = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
export const minuteOf = (clock: string): number => {
  const [hour = 0, minute = 0] = clock.split(':').map(Number);
  return hour * 60 + minute;
};
