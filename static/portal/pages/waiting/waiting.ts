/** What waits for a person, and what its buttons do. */
import { money } from '@shared/format';
import { text } from '@shared/i18n';
import { channelText, waitText } from '@/components/money';
import { t } from '@/i18n';
import type { Permission, WaitingItem } from '@/types';

export const buttonRight: Record<string, Permission> = {
  backfill: 'suspense.decide',
  unfreeze: 'supply.unfreeze',
  resend: 'suspense.decide',
  confirm: 'suspense.decide',
  cancel: 'suspense.decide',
  fence: 'suspense.decide',
  deliver: 'suspense.decide',
  refund: 'refund.request',
  pay: 'refund.request',
  power: 'meter.switch',
  again: 'suspense.decide',
};

/** Moves money out or cannot be taken back: shown in the colour of danger, last. */
export const is_dangerous = new Set(['cancel', 'fence', 'refund']);

/** Why it waits, in words. */
export function whyText(item: WaitingItem): string {
  if (item.kind.startsWith('delivery_'))
    return item.code === item.kind.slice('delivery_'.length) ? '' : waitText(item.code);
  const key = `waiting.code.${item.code}`;
  const words = text(key);
  return words === key ? '' : words;
}

export interface Fact {
  key: string;
  label: string;
  value: string;
}

/** The evidence as labelled facts; what is not known is left out. */
export function facts(item: WaitingItem): Fact[] {
  const evidence = item.evidence as Record<string, unknown> | null;
  return Object.entries(evidence ?? {})
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => {
      const label = text(`evidence.${key}`);
      const shown = key.endsWith('_fen')
        ? `${money(Number(value))} ${t('unit.money')}`
        : key === 'channel'
          ? channelText(String(value))
          : key === 'restore_finding'
            ? text(`finding.${String(value)}`)
            : String(value);
      return { key, label: label === `evidence.${key}` ? key : label, value: shown };
    });
}

/** Where a click on the item leads. */
export function target(item: WaitingItem): string | null {
  return item.purchase_id ? `/purchases/${item.purchase_id}` : null;
}
