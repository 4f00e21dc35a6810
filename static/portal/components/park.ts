/** The park as the pages see it: all meters (refreshed by what changed since the last answer) and the tree of floors. */
import { computed, onScopeDispose, shallowRef } from 'vue';
import { usePoll, type Poll } from '@shared/poll';
import { api } from '@/api';
import type { MeterRow, Meters, Tree } from '@/types';

const interval_ms = 3000;
const changed_ms = 2000;

/** Ids of the meters whose shown figures changed in the last two seconds. */
export const changed_ids = shallowRef<ReadonlySet<number>>(new Set());

function isSame(a: MeterRow, b: MeterRow): boolean {
  return (
    a.state === b.state &&
    a.balance_fen === b.balance_fen &&
    a.level === b.level &&
    a.pending_command === b.pending_command
  );
}

function markChanged(shown: readonly MeterRow[], answer: readonly MeterRow[]): void {
  const before = new Map(shown.map((row) => [row.id, row]));
  const ids = answer
    .filter((row) => before.has(row.id) && !isSame(before.get(row.id) as MeterRow, row))
    .map((row) => row.id);
  changed_ids.value = new Set(ids);
  if (ids.length > 0) setTimeout(() => (changed_ids.value = new Set()), changed_ms);
}

function merged(shown: Meters | null, answer: Meters): Meters {
  if (!shown) return answer;
  markChanged(shown.items, answer.items);
  if (answer.complete) return answer;
  const rows = new Map(shown.items.map((row) => [row.id, row]));
  for (const row of answer.items) rows.set(row.id, row);
  return { ...answer, items: [...rows.values()] };
}

/** Polls the list of all meters while the page lives. */
export function useMeters(): Poll<Meters> {
  return usePoll<Meters>({
    load: (since, signal) => api.get<Meters>('/meters', { query: { since }, signal }),
    cursor: (answer) => answer.cursor,
    merge: merged,
    interval_ms,
  });
}

const tree = shallowRef<Tree | null>(null);

export interface Place {
  building_id: number;
  building: string;
  floor: string;
  position: number;
}

/** The tree of buildings and floors, loaded once for all pages, and a look-up by floor. */
export function useTree() {
  const flight = new AbortController();
  onScopeDispose(() => flight.abort());
  void api
    .get<Tree>('/tree', { signal: flight.signal })
    .then((answer) => (tree.value = answer))
    .catch(() => undefined);
  const places = computed(() => {
    const found = new Map<number, Place>();
    for (const building of tree.value?.buildings ?? []) {
      for (const floor of building.floors) {
        found.set(floor.id, {
          building_id: building.id,
          building: building.name,
          floor: floor.name,
          position: floor.position,
        });
      }
    }
    return found;
  });
  return { tree, places };
}
