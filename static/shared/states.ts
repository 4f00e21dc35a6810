/** States of supplies, commands and lines: one colour, one icon and one word each, the same everywhere. */

export type Tone =
  | 'closed'
  | 'tripped'
  | 'keep-on'
  | 'locked-out'
  | 'stale'
  | 'by-hand'
  | 'level-1'
  | 'level-2'
  | 'level-3'
  | 'outline';

export type Glyph =
  | 'bolt'
  | 'off'
  | 'shield'
  | 'padlock'
  | 'clock'
  | 'hand'
  | 'warn'
  | 'dash'
  | 'check'
  | 'cross'
  | 'question'
  | 'pen'
  | 'snow';

export interface StateLook {
  tone: Tone;
  glyph: Glyph;
}

/** Keys are the words of the API; the text of each is `state.<key>` in the language files. */
export const state_looks = {
  closed: { tone: 'closed', glyph: 'bolt' },
  tripped: { tone: 'tripped', glyph: 'off' },
  open: { tone: 'tripped', glyph: 'off' },
  partial: { tone: 'by-hand', glyph: 'warn' },
  keep_on: { tone: 'keep-on', glyph: 'shield' },
  locked_out: { tone: 'locked-out', glyph: 'padlock' },
  stale: { tone: 'stale', glyph: 'clock' },
  never: { tone: 'outline', glyph: 'dash' },
  close_by_hand: { tone: 'by-hand', glyph: 'hand' },
  protected: { tone: 'keep-on', glyph: 'shield' },
  frozen: { tone: 'locked-out', glyph: 'snow' },
  read_only: { tone: 'by-hand', glyph: 'pen' },
  level_1: { tone: 'level-1', glyph: 'warn' },
  level_2: { tone: 'level-2', glyph: 'warn' },
  level_3: { tone: 'level-3', glyph: 'warn' },
  ok: { tone: 'closed', glyph: 'check' },
  degraded: { tone: 'level-1', glyph: 'warn' },
  silent: { tone: 'tripped', glyph: 'cross' },
  down: { tone: 'tripped', glyph: 'cross' },
  unknown: { tone: 'outline', glyph: 'question' },
  pending: { tone: 'keep-on', glyph: 'clock' },
  taken: { tone: 'keep-on', glyph: 'clock' },
  sent: { tone: 'keep-on', glyph: 'clock' },
  confirmed: { tone: 'closed', glyph: 'check' },
  refused: { tone: 'tripped', glyph: 'cross' },
  superseded: { tone: 'outline', glyph: 'dash' },
  expired: { tone: 'outline', glyph: 'clock' },
  cancelled: { tone: 'outline', glyph: 'dash' },
  active: { tone: 'closed', glyph: 'check' },
  disabled: { tone: 'outline', glyph: 'dash' },
  lifted: { tone: 'outline', glyph: 'check' },
  approved: { tone: 'closed', glyph: 'check' },
  rejected: { tone: 'tripped', glyph: 'cross' },
  locked: { tone: 'tripped', glyph: 'padlock' },
  enrolled: { tone: 'closed', glyph: 'check' },
  not_enrolled: { tone: 'level-1', glyph: 'warn' },
  chained: { tone: 'closed', glyph: 'check' },
  unchained: { tone: 'outline', glyph: 'clock' },
  checked: { tone: 'keep-on', glyph: 'check' },
  probing: { tone: 'keep-on', glyph: 'clock' },
  committed: { tone: 'closed', glyph: 'check' },
  undone: { tone: 'outline', glyph: 'dash' },
  abandoned: { tone: 'outline', glyph: 'dash' },
  verdict_new: { tone: 'closed', glyph: 'check' },
  verdict_change: { tone: 'level-2', glyph: 'pen' },
  verdict_same: { tone: 'outline', glyph: 'dash' },
  verdict_error: { tone: 'tripped', glyph: 'cross' },
  probe_waiting: { tone: 'keep-on', glyph: 'clock' },
  probe_ok: { tone: 'closed', glyph: 'check' },
  probe_mismatch: { tone: 'tripped', glyph: 'warn' },
  probe_silent: { tone: 'stale', glyph: 'question' },
  info: { tone: 'keep-on', glyph: 'question' },
  warning: { tone: 'level-2', glyph: 'warn' },
  critical: { tone: 'tripped', glyph: 'warn' },
  adjustment_asked: { tone: 'outline', glyph: 'clock' },
  adjustment_approved: { tone: 'keep-on', glyph: 'clock' },
  adjustment_writing: { tone: 'keep-on', glyph: 'bolt' },
  adjustment_manual: { tone: 'tripped', glyph: 'hand' },
  adjustment_applied: { tone: 'closed', glyph: 'check' },
  adjustment_typed: { tone: 'closed', glyph: 'pen' },
  adjustment_refused: { tone: 'tripped', glyph: 'cross' },
  adjustment_rejected: { tone: 'outline', glyph: 'cross' },
  adjustment_expired: { tone: 'outline', glyph: 'clock' },
  adjustment_cancelled: { tone: 'outline', glyph: 'dash' },
  refund_asked: { tone: 'outline', glyph: 'clock' },
  refund_approved: { tone: 'keep-on', glyph: 'clock' },
  refund_submitted: { tone: 'keep-on', glyph: 'clock' },
  refund_succeeded: { tone: 'closed', glyph: 'check' },
  refund_failed: { tone: 'tripped', glyph: 'cross' },
  refund_suspense: { tone: 'level-2', glyph: 'hand' },
  refund_rejected: { tone: 'outline', glyph: 'cross' },
  refund_expired: { tone: 'outline', glyph: 'clock' },
  refund_cancelled: { tone: 'outline', glyph: 'dash' },
  check_ok: { tone: 'closed', glyph: 'check' },
  check_broken: { tone: 'tripped', glyph: 'cross' },
  check_unknown: { tone: 'outline', glyph: 'question' },
  backup_running: { tone: 'keep-on', glyph: 'clock' },
  backup_verified: { tone: 'closed', glyph: 'check' },
  backup_doubtful: { tone: 'level-2', glyph: 'hand' },
  backup_failed: { tone: 'tripped', glyph: 'cross' },
  swap_asked: { tone: 'outline', glyph: 'clock' },
  swap_emptying: { tone: 'keep-on', glyph: 'clock' },
  swap_emptied: { tone: 'level-1', glyph: 'hand' },
  swap_exchanged: { tone: 'keep-on', glyph: 'clock' },
  swap_done: { tone: 'closed', glyph: 'check' },
  swap_undone: { tone: 'outline', glyph: 'dash' },
  swap_refused: { tone: 'tripped', glyph: 'cross' },
  swap_rejected: { tone: 'outline', glyph: 'cross' },
  swap_expired: { tone: 'outline', glyph: 'clock' },
  swap_cancelled: { tone: 'outline', glyph: 'dash' },
  take_over_checked: { tone: 'keep-on', glyph: 'check' },
  take_over_done: { tone: 'closed', glyph: 'check' },
  take_over_undone: { tone: 'outline', glyph: 'dash' },
  take_ok: { tone: 'closed', glyph: 'check' },
  take_balance_differs: { tone: 'level-2', glyph: 'warn' },
  take_count_differs: { tone: 'level-2', glyph: 'warn' },
  take_price_differs: { tone: 'level-2', glyph: 'warn' },
  take_alarm_differs: { tone: 'level-1', glyph: 'warn' },
  take_silent: { tone: 'stale', glyph: 'question' },
  take_error: { tone: 'tripped', glyph: 'cross' },
  take_taken: { tone: 'closed', glyph: 'check' },
  take_undone: { tone: 'outline', glyph: 'dash' },
  version_in_force: { tone: 'closed', glyph: 'check' },
  version_coming: { tone: 'keep-on', glyph: 'clock' },
  version_over: { tone: 'outline', glyph: 'dash' },
  close_asked: { tone: 'outline', glyph: 'clock' },
  close_emptying: { tone: 'outline', glyph: 'clock' },
  close_settled: { tone: 'outline', glyph: 'pen' },
  close_closed: { tone: 'closed', glyph: 'check' },
  close_cancelled: { tone: 'outline', glyph: 'dash' },
  account_prepared: { tone: 'outline', glyph: 'clock' },
  account_open: { tone: 'closed', glyph: 'check' },
  account_closed: { tone: 'outline', glyph: 'dash' },
  purchase_open: { tone: 'outline', glyph: 'clock' },
  purchase_paid: { tone: 'keep-on', glyph: 'clock' },
  purchase_delivered: { tone: 'closed', glyph: 'check' },
  purchase_credited: { tone: 'closed', glyph: 'check' },
  purchase_refunded: { tone: 'by-hand', glyph: 'dash' },
  purchase_cancelled: { tone: 'outline', glyph: 'cross' },
  delivery_pending: { tone: 'keep-on', glyph: 'clock' },
  delivery_sending: { tone: 'keep-on', glyph: 'bolt' },
  delivery_confirmed: { tone: 'closed', glyph: 'check' },
  delivery_fencing: { tone: 'by-hand', glyph: 'shield' },
  delivery_fenced: { tone: 'by-hand', glyph: 'shield' },
  delivery_hold: { tone: 'level-1', glyph: 'hand' },
  delivery_manual: { tone: 'tripped', glyph: 'hand' },
  delivery_cancelled: { tone: 'outline', glyph: 'dash' },
  push_pending: { tone: 'keep-on', glyph: 'clock' },
  push_writing: { tone: 'keep-on', glyph: 'bolt' },
  push_confirmed: { tone: 'closed', glyph: 'check' },
  push_refused: { tone: 'tripped', glyph: 'cross' },
  push_superseded: { tone: 'outline', glyph: 'dash' },
  push_cancelled: { tone: 'outline', glyph: 'dash' },
  payment_creating: { tone: 'outline', glyph: 'clock' },
  payment_open: { tone: 'outline', glyph: 'clock' },
  payment_settled: { tone: 'closed', glyph: 'check' },
  payment_closed: { tone: 'outline', glyph: 'dash' },
  proof_ties: { tone: 'closed', glyph: 'check' },
  proof_same: { tone: 'closed', glyph: 'check' },
  proof_no_tariff: { tone: 'outline', glyph: 'dash' },
  proof_estimated: { tone: 'stale', glyph: 'clock' },
  proof_old_price: { tone: 'level-2', glyph: 'warn' },
  proof_jump: { tone: 'tripped', glyph: 'warn' },
  proof_unexplained: { tone: 'tripped', glyph: 'cross' },
  proof_odd: { tone: 'tripped', glyph: 'cross' },
  payment_failed: { tone: 'tripped', glyph: 'cross' },
} as const satisfies Record<string, StateLook>;

export type StateName = keyof typeof state_looks;

export function lookOf(state: string): StateLook {
  return (state_looks as Record<string, StateLook>)[state] ?? { tone: 'outline', glyph: 'question' };
}
