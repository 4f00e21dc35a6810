/** Words of money: channels, kinds of account, why a delivery waits, where a purchase stands. */
import { money } from '@shared/format';
import { text } from '@shared/i18n';
import { t } from '@/i18n';
import type { Purchase, PurchasePage, Quote } from '@/types';

/** What is kept of a quote with its purchase: what the buyer was shown. */
export type SoldQuote = Pick<
  Quote,
  | 'balance_fen'
  | 'on_its_way_fen'
  | 'debt_fen'
  | 'usable_fen'
  | 'balance_after_fen'
  | 'energy_wh'
  | 'priced_by'
  | 'tariff_name'
  | 'warnings'
  | 'lines'
>;
export const soldQuote = (purchase: PurchasePage): SoldQuote | null => purchase.quote as SoldQuote | null;

function known(key: string, otherwise: string): string {
  const words = text(key);
  return words === key ? otherwise : words;
}

export const channelText = (channel: string | null): string => (channel ? known(`channel.${channel}`, channel) : '');
export const waitText = (code: string): string => (code ? known(`wait.${code}`, t('wait.other', { code })) : '');
export const warningText = (code: string): string => known(`sell.warning.${code}`, code);
/** Why the amount of a quote may not be sold; empty when it may. */
export const whyNotSold = (quote: Quote): string =>
  quote.allowed
    ? ''
    : known(`error.${quote.why_not}`, t('error.refused', { code: quote.why_not })).concat(
        quote.why_not === 'over_hoard' || quote.why_not === 'above_maximum'
          ? ` ${t('sell.room', { yuan: money(quote.room_fen) })}`
          : quote.why_not === 'below_minimum'
            ? ` ${t('sell.least', { yuan: money(quote.min_fen) })}`
            : '',
      );

/** The state to show of a purchase: that of its delivery while that is what people wait for. */
export function purchaseState(purchase: Purchase | PurchasePage): string {
  const delivery = 'delivery' in purchase ? (purchase.delivery?.state ?? null) : purchase.delivery_state;
  return purchase.state === 'paid' && delivery ? `delivery_${delivery}` : `purchase_${purchase.state}`;
}

/** True while it goes on by itself and is worth a short poll. */
export function isMoving(purchase: PurchasePage): boolean {
  const state = purchase.delivery?.state;
  return (
    purchase.state === 'paid' &&
    (state === undefined || state === 'pending' || state === 'sending' || state === 'fencing')
  );
}

/** One honest sentence on where the money is. */
export function purchaseSentence(purchase: PurchasePage): string {
  const yuan = money(purchase.amount_fen);
  const delivery = purchase.delivery;
  if (purchase.state !== 'paid') return t(`purchase.say.${purchase.state}`, { yuan });
  if (!delivery) return t('purchase.say.paid', { yuan });
  const reason = waitText(delivery.wait_code);
  const words =
    delivery.state === 'sending' && delivery.unknown_since_at
      ? t('purchase.say.unknown')
      : t(`delivery.say.${delivery.state}`, { yuan });
  return reason && delivery.state !== 'sending' ? `${words} ${reason}` : words;
}
