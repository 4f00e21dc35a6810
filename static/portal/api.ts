import { Api, ApiError } from '@shared/api';
import { text } from '@shared/i18n';
import { t } from './i18n';
import { invalidText } from './invalid';

/** The staff API. */
export const api = new Api('/api/v1/staff');

/** Of a sheet: B7. */
const cell_name = /^[A-Z]{1,3}[0-9]+$/;

/** One sentence for a failure: the words of its code, and of the field that the server named. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return t('error.internal');
  if (error.field && (error.code === 'invalid_field' || error.code === 'bad_request')) return invalidText(error);
  const key = `error.${error.code}`;
  const words = text(key);
  if (words === key) return t('error.refused', { code: error.code });
  return error.field && cell_name.test(error.field) ? t('error.in_cell', { cell: error.field, words }) : words;
}
