import { Api, ApiError } from '@shared/api';
import { text } from '@shared/i18n';
import { t } from './i18n';
import { invalidText } from './invalid';

/** The staff API. */
export const api = new Api('/api/v1/staff');

/** One sentence for a failure: the words of its code, and of the field that the server named. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.internal');
  if (error.field && (error.code === 'invalid_field' || error.code === 'bad_request')) return invalidText(error);
  const key = `error.${error.code}`;
  const words = text(key);
  return words === key ? t('error.refused', { code: error.code }) : words;
}
