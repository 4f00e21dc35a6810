/** The first screen's answer: asked for before the page is there, kept for when there is no network. */
import { decimal } from '@shared/format';
import { api } from './api';
import { t } from './i18n';
import { knownHome } from './last_known';
import type { Home } from './types';

let early: { supply_id: number; answer: Promise<Home> } | null = null;

const ask = (supply_id: number, signal?: AbortSignal): Promise<Home> =>
  api.get<Home>('/home', { query: { supply_id }, signal });

/** Asked while the session is still on its way: one wait for the network less. */
export function homeStart(supply_id: number): void {
  const answer = ask(supply_id);
  answer.catch(() => undefined);
  early = { supply_id, answer };
}

export async function homeLoad(supply_id: number, signal: AbortSignal): Promise<Home> {
  const first = early?.supply_id === supply_id ? early.answer : null;
  early = null;
  const home = await (first ? first.catch(() => ask(supply_id, signal)) : ask(supply_id, signal));
  knownHome(home);
  return home;
}

const day_milli = 1000;
const hours_of_day = 24;

/** How long the money lasts, in words that promise no more than is known. */
export function daysLeft(milli: number | null): string | null {
  if (milli === null) return null;
  if (milli >= 90 * day_milli) return t('home.days_many');
  if (milli >= 10 * day_milli) return t('home.days', { n: decimal(Math.floor(milli / day_milli), 0) });
  if (milli >= day_milli) return t('home.days', { n: decimal(Math.floor(milli / 100), 1) });
  return t('home.hours', { n: decimal(Math.floor((milli * hours_of_day) / day_milli), 0) });
}
