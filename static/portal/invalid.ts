/**
 * A refused field in the reader's own words. The server's sentences are English and for programs; what they
 * say is one of a few shapes, which are told again here with the field's name as it stands on the page.
 */
import type { ApiError } from '@shared/api';
import { money } from '@shared/format';
import { text } from '@shared/i18n';
import { t } from './i18n';

/** The name of a field as people know it; the server's own word where there is none. */
export function fieldName(field: string): string {
  const key = `field.${field}`;
  const words = text(key);
  return words === key ? field : words;
}

/** Bounds of money are told in yuan. */
function bound(field: string, value: string): string {
  return field.endsWith('_fen') ? `${money(Number(value))} ${t('unit.money')}` : value;
}

function sentence(field: string, detail: string): string {
  const name = fieldName(field);
  const range = /must be a whole number from (-?\d+) to (-?\d+)/.exec(detail);
  if (range) return t('invalid.range', { name, min: bound(field, range[1] ?? ''), max: bound(field, range[2] ?? '') });
  const length = /must have (\d+) to (\d+) characters/.exec(detail);
  if (length) return t('invalid.length', { name, min: length[1] ?? '', max: length[2] ?? '' });
  const elements = /must have at most (\d+) elements/.exec(detail);
  if (elements) return t('invalid.elements', { name, max: elements[1] ?? '' });
  if (/ is missing$/.test(detail)) return t('invalid.missing', { name });
  if (/must be one of:/.test(detail)) return t('invalid.one_of', { name });
  if (/must be a time/.test(detail)) return t('invalid.time', { name });
  if (/control characters/.test(detail)) return t('invalid.control', { name });
  const own_key = `invalid.own.${field}`;
  const own = text(own_key);
  return own === own_key ? t('invalid.other', { name }) : own;
}

/** One sentence for an error that names a field. */
export function invalidText(error: ApiError): string {
  return error.field ? sentence(error.field, error.detail) : t('error.invalid_field');
}
