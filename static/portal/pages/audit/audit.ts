import { dayStart, dayText } from '@shared/format';
import { text } from '@shared/i18n';

export const names = ['actor', 'action', 'object_kind', 'from', 'to'] as const;
export type FilterName = (typeof names)[number];

/** The words of a code of the server, or the code itself when this language file does not know it yet. */
function wordsOr(key: string, code: string): string {
  const words = text(key);
  return words === key ? code : words;
}
export const actionText = (action: string): string => wordsOr(`audit.act.${action}`, action);
export const objectText = (kind: string): string => wordsOr(`object.${kind}`, kind);

/** The first instant of a picked day, and of the day after it, as the server wants them. */
export function dayFrom(day: string): string | null {
  const at_ms = dayStart(day);
  return at_ms === null ? null : new Date(at_ms).toISOString();
}
export function dayTo(day: string): string | null {
  const at_ms = dayStart(day);
  // 30 hours later is in the next day, whatever the clocks did in between.
  return at_ms === null ? null : dayFrom(dayText(at_ms + 30 * 3_600_000));
}
