/** The amounts offered as tiles, and whether a typed one can be bought. All in fen. */
import { moneyParse } from '@shared/format';
import type { Key } from './i18n';

const tiles_fen = [50_00, 100_00, 200_00, 300_00, 500_00, 1000_00, 2000_00] as const;
/** With the tile for another amount they fill two rows of three. */
const tiles_max = 5;

/** Round amounts between the least and what there is room for. */
export function tilesOf(min_fen: number, room_fen: number): number[] {
  return tiles_fen.filter((one) => one >= min_fen && one <= room_fen).slice(0, tiles_max);
}

/** What is wrong with a typed amount, or null. `typed` may be empty: nothing is wrong yet. */
export function amountFault(typed: string, min_fen: number, room_fen: number): Key | null {
  if (!typed.trim()) return null;
  const fen = moneyParse(typed);
  if (fen === null || fen <= 0) return 'buy.fault.shape';
  if (fen < min_fen) return 'buy.fault.below';
  if (fen > room_fen) return 'buy.fault.above';
  return null;
}
