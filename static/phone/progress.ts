/** One purchase as its payer follows it: three steps, one sentence, and how soon to look again. */
import type { Key } from './i18n';
import type { Purchase, PurchaseState } from './types';

export type StepMark = 'done' | 'now' | 'ahead';
export const steps = ['paid', 'writing', 'delivered'] as const;
export type Step = (typeof steps)[number];

export interface Progress {
  /** Steps of the money on its way; null where there is none to show (not paid, called off, given back). */
  marks: Record<Step, StepMark> | null;
  sentence: Key;
  tone: 'wait' | 'good' | 'bad' | 'note';
  /** Milliseconds until the next look; null: it has ended. */
  poll_ms: number | null;
  /** The payer may still pay or call it off. */
  payable: boolean;
}

const marksOf = (paid: StepMark, writing: StepMark, delivered: StepMark): Record<Step, StepMark> => ({
  paid,
  writing,
  delivered,
});

const asking_ms = 1_000;
const paying_ms = 2_000;
const writing_ms = 1_000;
const held_ms = 30_000;

const table: Record<PurchaseState, Progress> = {
  creating: { marks: null, sentence: 'progress.creating', tone: 'wait', poll_ms: asking_ms, payable: false },
  open: { marks: null, sentence: 'progress.open', tone: 'wait', poll_ms: paying_ms, payable: true },
  closed: { marks: null, sentence: 'progress.closed', tone: 'note', poll_ms: null, payable: false },
  failed: { marks: null, sentence: 'progress.failed', tone: 'bad', poll_ms: null, payable: false },
  paid: {
    marks: marksOf('done', 'now', 'ahead'),
    sentence: 'progress.paid',
    tone: 'wait',
    poll_ms: writing_ms,
    payable: false,
  },
  writing: {
    marks: marksOf('done', 'now', 'ahead'),
    sentence: 'progress.paid',
    tone: 'wait',
    poll_ms: writing_ms,
    payable: false,
  },
  delivered: {
    marks: marksOf('done', 'done', 'done'),
    sentence: 'progress.delivered',
    tone: 'good',
    poll_ms: null,
    payable: false,
  },
  credited: {
    marks: marksOf('done', 'done', 'done'),
    sentence: 'progress.credited',
    tone: 'good',
    poll_ms: null,
    payable: false,
  },
  held: {
    marks: marksOf('done', 'ahead', 'ahead'),
    sentence: 'progress.held',
    tone: 'note',
    poll_ms: held_ms,
    payable: false,
  },
  refunding: { marks: null, sentence: 'progress.refunding', tone: 'note', poll_ms: held_ms, payable: false },
  refunded: { marks: null, sentence: 'progress.refunded', tone: 'note', poll_ms: null, payable: false },
};

const held_sentences: Record<string, Key> = {
  wrong_amount: 'progress.held.wrong_amount',
  paid_twice: 'progress.held.paid_twice',
  late: 'progress.held.late',
  closed_account: 'progress.held.closed_account',
};

/** A relay that closes after the money is told too, for as long as somebody would wait for it. */
const power_wait_ms = 90_000;

export function progressOf(purchase: Purchase, now_ms: number): Progress {
  const row = table[purchase.state];
  if (purchase.state === 'held' && purchase.held_reason) {
    return { ...row, sentence: held_sentences[purchase.held_reason] ?? row.sentence };
  }
  if (purchase.state === 'delivered' && purchase.power_at === null && purchase.delivered_at !== null) {
    const waited_ms = now_ms - Date.parse(purchase.delivered_at);
    if (waited_ms < power_wait_ms) return { ...row, poll_ms: 3_000 };
  }
  return row;
}

export const isPaid = (purchase: Purchase): boolean => purchase.paid_at !== null;
