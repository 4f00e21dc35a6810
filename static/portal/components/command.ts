/** Words for orders and results. */
import { pick, t, type Key } from '@/i18n';
import type { Command, CommandKind } from '@/types';

const kinds: Record<CommandKind, Key> = {
  trip: 'command.trip',
  close: 'command.close',
  keep_on: 'command.keep_on',
  release: 'command.release',
  read: 'command.read',
};

export const kindText = (kind: CommandKind): string => t(kinds[kind]);

const sentences: Record<Command['state'], Key> = {
  pending: 'command.state_pending',
  taken: 'command.state_taken',
  sent: 'command.state_sent',
  confirmed: 'command.state_confirmed',
  refused: 'command.state_refused',
  unknown: 'command.state_unknown',
  superseded: 'command.state_superseded',
  expired: 'command.state_expired',
  cancelled: 'command.state_cancelled',
};

/** One sentence on where an order stands, with the meter's reason where there is one. */
export function stateSentence(command: Command): string {
  const reason = pick(command.result_text_zh, command.result_text_en);
  const words = t(sentences[command.state]);
  return reason && command.state !== 'confirmed' ? `${words} ${reason}` : words;
}

const final_states = new Set<Command['state']>(['confirmed', 'refused', 'superseded', 'expired', 'cancelled']);
export const isFinal = (command: Command): boolean => final_states.has(command.state);

const reasons: Record<string, Key> = {
  not_offered: 'error.not_offered',
  read_only_line: 'error.read_only_line',
  locked_out: 'error.locked_out',
  close_by_hand: 'error.close_by_hand',
  frozen_supply: 'error.frozen_supply',
  arrears: 'error.arrears',
  stale: 'error.stale',
  forbidden: 'error.forbidden',
};

/** Why a button is grey. */
export const whyNot = (code: string | null): string => (code ? t(reasons[code] ?? 'error.not_offered') : '');
