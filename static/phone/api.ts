import { Api, ApiError } from '@shared/api';
import { actOf } from '@shared/act';
import { text } from '@shared/i18n';
import { t } from './i18n';

/** The tenant API. */
export const api = new Api('/api/v1/tenant');

/** One sentence for a failure: the words of the refused field, else of the code. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.internal');
  if (error.field && error.code === 'invalid_field') {
    const named = `wrong.${error.field}`;
    const words = text(named);
    if (words !== named) return words;
  }
  const key = `error.${error.code}`;
  const words = text(key);
  return words === key ? t('error.refused', { code: error.code }) : words;
}

export const isOffline = (error: unknown): boolean =>
  error instanceof ApiError && (error.code === 'network' || error.code === 'unavailable');

export const useAct = actOf(errorText);
