/** What Ctrl+K finds: shops and meters, accounts, purchases by number; each source on its own, so one failing hides no other. */
import { isAbort } from '@shared/api';
import { money } from '@shared/format';
import { api } from '../api';
import { t } from '../i18n';
import { may } from '../session';
import type { Account, List, Purchase, SearchHit } from '../types';

export interface Row {
  key: string;
  to: string;
  head: string;
  main: string;
  tail: string;
}

const accounts_max = 5;
const purchases_max = 3;
/** The beginning of a receipt's number. */
const number_shape = /^[a-z]\d{6,}$/i;

async function meters(words: string, signal: AbortSignal): Promise<Row[]> {
  const answer = await api.get<{ items: SearchHit[] }>('/search', { query: { q: words }, signal });
  return answer.items.map((hit) => ({
    key: `${hit.kind}${hit.id}`,
    to: `/meters/${hit.id}`,
    head: hit.unit_number,
    main: hit.shop_name || t('search.vacant'),
    tail: `${hit.building} ${hit.floor} \u00b7 ${hit.meter_number}`,
  }));
}

async function accounts(words: string, signal: AbortSignal): Promise<Row[]> {
  if (!may('account.view')) return [];
  const query = { query: words, limit: accounts_max };
  const answer = await api.get<List<Account>>('/accounts', { query, signal });
  return answer.items.map((one) => ({
    key: `account${one.id}`,
    to: `/accounts/${one.id}`,
    head: one.units,
    main: one.name,
    tail: `${t('page.account')} \u00b7 ${one.number}`,
  }));
}

async function purchases(words: string, signal: AbortSignal): Promise<Row[]> {
  if (!may('purchase.view') || !number_shape.test(words)) return [];
  const query = { query: words, limit: purchases_max };
  const answer = await api.get<List<Purchase>>('/purchases', { query, signal });
  return answer.items.map((one) => ({
    key: `purchase${one.id}`,
    to: `/purchases/${one.id}`,
    head: one.unit_number,
    main: `${money(one.amount_fen)} ${t('unit.money')} ${one.account_name}`,
    tail: one.number,
  }));
}

/** The meters decide about failure; accounts and purchases are extra. */
export async function findAll(words: string, signal: AbortSignal): Promise<Row[]> {
  const extra = (rows: Promise<Row[]>): Promise<Row[]> =>
    rows.catch((error: unknown) => {
      if (isAbort(error)) throw error;
      return [];
    });
  const found = await Promise.all([
    extra(purchases(words, signal)),
    meters(words, signal),
    extra(accounts(words, signal)),
  ]);
  return found.flat();
}
