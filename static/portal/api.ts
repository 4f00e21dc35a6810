import { Api, ApiError } from '@shared/api';
import { text } from '@shared/i18n';
import { t } from './i18n';

/** The staff API. */
export const api = new Api('/api/v1/staff');

/** One sentence for a failure: the words of its code, with the server's detail where it names a field. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.internal');
  const key = `error.${error.code}`;
  const words = text(key);
  if (words === key) return error.detail || t('error.internal');
  const is_specific = error.code === 'invalid_field' || error.code === 'conflict' || error.code === 'bad_request';
  return is_specific && error.detail ? `${words} ${error.detail}` : words;
}
