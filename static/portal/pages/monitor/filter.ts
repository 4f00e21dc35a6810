/** Filters of the unit monitor. They live in the address bar, so that a view can be sent to a colleague. */
import { computed } from 'vue';
import { useRoute, useRouter } from 'vue-router';
import type { MeterRow } from '@/types';

export const state_filters = ['closed', 'tripped', 'keep_on', 'locked_out', 'close_by_hand', 'stale', 'never'] as const;
export const mark_filters = ['level_1', 'level_2', 'level_3', 'protected', 'frozen', 'read_only'] as const;
export type Filter = (typeof state_filters)[number] | (typeof mark_filters)[number];

export type SortKey = 'place' | 'unit_number' | 'balance_fen' | 'power_w' | 'energy_today_wh' | 'taken_at';

export function matches(row: MeterRow, filter: string): boolean {
  switch (filter) {
    case 'protected':
      return row.protected;
    case 'frozen':
      return row.frozen;
    case 'read_only':
      return row.read_only;
    case 'level_1':
    case 'level_2':
    case 'level_3':
      return row.level === Number(filter.slice(-1));
    default:
      return row.state === filter;
  }
}

function found(row: MeterRow, words: string): boolean {
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) =>
      `${row.unit_number} ${row.shop_name} ${row.number} ${row.shop_pinyin} ${row.trade}`.toLowerCase().includes(word),
    );
}

function compared(a: MeterRow, b: MeterRow, key: SortKey): number {
  if (key === 'place' || key === 'unit_number')
    return a.unit_number.localeCompare(b.unit_number, 'zh', { numeric: true });
  if (key === 'taken_at') return (a.taken_at ?? '').localeCompare(b.taken_at ?? '');
  return (a[key] ?? Number.NEGATIVE_INFINITY) - (b[key] ?? Number.NEGATIVE_INFINITY);
}

export function useFilter() {
  const route = useRoute();
  const router = useRouter();
  const one = (name: string) =>
    computed<string>({
      get: () => (typeof route.query[name] === 'string' ? (route.query[name] as string) : ''),
      set: (value) => void router.replace({ query: { ...route.query, [name]: value || undefined } }),
    });
  const words = one('q');
  const filter = one('state');
  const building = one('building');
  const floor = one('floor');
  const view = one('view');
  const sort = one('sort');

  function apply(rows: readonly MeterRow[]): MeterRow[] {
    const key = (sort.value.replace(/^-/, '') || 'place') as SortKey;
    const sign = sort.value.startsWith('-') ? -1 : 1;
    return rows
      .filter((row) => !filter.value || matches(row, filter.value))
      .filter((row) => !building.value || row.building_id === Number(building.value))
      .filter((row) => !floor.value || row.floor_id === Number(floor.value))
      .filter((row) => !words.value || found(row, words.value))
      .sort((a, b) => sign * compared(a, b, key));
  }
  function clear(): void {
    void router.replace({ query: view.value ? { view: view.value } : {} });
  }
  return { words, filter, building, floor, view, sort, apply, clear };
}
