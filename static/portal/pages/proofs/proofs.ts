/** Words of the daily proof, its period, and its rows as a file. */
import { dayText, energy, money } from '@shared/format';
import { text } from '@shared/i18n';
import { t } from '@/i18n';
import type { Proof, ProofSum, ProofTotal } from '@/types';

export const groups = ['supply', 'unit', 'building', 'day'] as const;
export type Group = (typeof groups)[number];
/** Opening, what came and went, closing: the equation, with the sign that each carries in it. */
export const figures = [
  { key: 'opening_fen', sign: '' },
  { key: 'paid_in_fen', sign: '+' },
  { key: 'used_fen', sign: '−' },
  { key: 'refunded_fen', sign: '−' },
  { key: 'corrected_fen', sign: '±' },
  { key: 'closing_fen', sign: '=' },
] as const;

const day_ms = 86_400_000;
/** The last day that is over; a day begins at the site's midnight. */
export const yesterday = (): string => dayText(Date.now() - day_ms);
export const daysBack = (days: number): string => dayText(Date.now() - days * day_ms);

type Sums = ProofSum | ProofTotal;
export const isOdd = (row: Sums): boolean => row.gaps > 0 || row.apart_fen !== 0;

/** What is wrong with a row, in plain sentences; empty when the figures tie. */
export function sentences(row: Sums): string[] {
  const said: string[] = [];
  if (row.apart_fen !== 0) said.push(t('proof.say.apart', { yuan: money(row.apart_fen) }));
  if (row.gaps > 0) said.push(t('proof.say.gap', { yuan: money(row.gap_fen), count: row.gaps }));
  if (row.old_prices > 0)
    said.push(t('proof.say.old_price', { yuan: money(row.old_price_fen), count: row.old_prices }));
  return said;
}

/** Why a stretch differs from the tariff, with the figures that show it. */
export function whyText(row: Proof): string {
  const key = `proof.why.${row.difference}`;
  const words = text(key, {
    used: money(row.used_fen),
    expected: money(row.expected_fen),
    yuan: money(Math.abs(row.difference_fen)),
  });
  return words === key ? row.difference : words;
}

export function waitText(code: string): string {
  const key = `proof.wait.${code}`;
  const words = text(key);
  return words === key ? code : words;
}

export const nameOf = (row: ProofSum): string =>
  row.unit_number || row.meter_number || row.building_name || t('proof.no_unit');

/** The rows as a file that a spreadsheet opens. */
export function saveRows(rows: readonly ProofSum[], group: Group, name: string): void {
  const head = [
    t(`proof.group.${group}`),
    t('proof.shop'),
    ...figures.map((figure) => t(`proof.${figure.key}`)),
    `${t('proof.used_wh')} ${t('unit.energy')}`,
    t('proof.gap_fen'),
    t('proof.old_price_fen'),
  ];
  const lines = rows.map((row) => [
    group === 'day' ? row.day : nameOf(row),
    row.shop_name,
    ...figures.map((figure) => money(row[figure.key])),
    energy(row.used_wh),
    money(row.gap_fen),
    money(row.old_price_fen),
  ]);
  const csv = [head, ...lines]
    .map((line) => line.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','))
    .join('\r\n');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([`\ufeff${csv}\r\n`], { type: 'text/csv' }));
  link.download = `${name}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
