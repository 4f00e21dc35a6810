/** What the clerk has typed. */
export const channels = ['cash', 'card', 'transfer'] as const;
export type Channel = (typeof channels)[number];

export interface Sale {
  amount_fen: number;
  channel: Channel;
  /** Slip of the card terminal or of the bank; empty for cash. */
  reference: string;
}
