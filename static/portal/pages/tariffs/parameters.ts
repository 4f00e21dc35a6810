/** Parameters of one meter as people read them; core/rules/push.h has their shape. */
import { money, none, price } from '@shared/format';
import { text } from '@shared/i18n';
import { t } from '@/i18n';

export interface Parameters {
  price_e4?: (number | null)[];
  alarm_fen?: (number | null)[];
  overdraft_fen?: number | null;
  fee_control?: boolean;
  zones?: string;
}

const rates = ['sharp', 'peak', 'flat', 'valley'] as const;
const yuan = (fen: number | null): string => (fen === null ? none : money(fen));

/** Everything that is there, named; four times the same price is said once. */
export function parametersText(parameters: Parameters | null): string {
  if (!parameters) return none;
  const prices = parameters.price_e4 ?? [];
  const same = prices.length > 0 && prices.every((one) => one === prices[0]);
  const parts = same
    ? [`${t('push.price')} ${price(prices[0] ?? null)}`]
    : prices.map((one, n) => `${t(`rate.${rates[n] ?? 'flat'}`)} ${price(one)}`);
  (parameters.alarm_fen ?? []).forEach((one, n) =>
    parts.push(`${t(n === 0 ? 'state.level_1' : 'state.level_2')} ${yuan(one)}`),
  );
  if (parameters.overdraft_fen !== undefined) parts.push(`${t('meter.overdraft')} ${yuan(parameters.overdraft_fen)}`);
  if (parameters.fee_control !== undefined)
    parts.push(`${t('meter.fee_control')} ${parameters.fee_control ? t('common.on') : t('common.off')}`);
  if (parameters.zones !== undefined) parts.push(t('push.tables'));
  return parts.join(' · ') || none;
}

/** Of what stands in a meter, only what a push would change. */
export function standingOf(standing: Parameters | null, wanted: Parameters): Parameters | null {
  if (!standing) return null;
  return {
    ...(wanted.price_e4 && standing.price_e4 ? { price_e4: standing.price_e4 } : {}),
    ...(wanted.alarm_fen && standing.alarm_fen ? { alarm_fen: standing.alarm_fen } : {}),
    ...(wanted.overdraft_fen !== undefined && standing.overdraft_fen !== undefined
      ? { overdraft_fen: standing.overdraft_fen }
      : {}),
  };
}

/** Why a meter does not have it yet, or never will. */
export function pushWhy(code: string): string {
  if (!code) return '';
  const words = text(`push.why.${code}`);
  return words === `push.why.${code}` ? t('wait.other', { code }) : words;
}
