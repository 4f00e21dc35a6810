/** What was used, in its rate parts. */
export const rates = ['sharp', 'peak', 'flat', 'valley'] as const;
export type RatePart = (typeof rates)[number] | 'whole';

interface Parted {
  energy_wh: number | null;
  energy_sharp_wh: number | null;
  energy_peak_wh: number | null;
  energy_flat_wh: number | null;
  energy_valley_wh: number | null;
}

/** The parts that are there; `whole` where the meter tells no rates, or what they leave over. */
export function partsOf(row: Parted): { rate: RatePart; energy_wh: number }[] {
  const told = {
    sharp: row.energy_sharp_wh ?? 0,
    peak: row.energy_peak_wh ?? 0,
    flat: row.energy_flat_wh ?? 0,
    valley: row.energy_valley_wh ?? 0,
  };
  const parts: { rate: RatePart; energy_wh: number }[] = rates
    .map((rate) => ({ rate, energy_wh: told[rate] }))
    .filter((part) => part.energy_wh > 0);
  const rest = (row.energy_wh ?? 0) - parts.reduce((sum, part) => sum + part.energy_wh, 0);
  if (rest > 0) parts.push({ rate: 'whole', energy_wh: rest });
  return parts;
}
