/** A list by cursor: the first page, more on demand, from the start when the filters change. */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { isAbort, type Query } from '@shared/api';
import { api } from './api';
import type { List } from './types';

export interface CursorList<T> {
  items: ShallowRef<T[]>;
  loading: Ref<boolean>;
  more: Ref<boolean>;
  has_data: Ref<boolean>;
  error: ShallowRef<unknown>;
  fetched_at_ms: Ref<number | null>;
  reload: () => Promise<void>;
  loadMore: () => Promise<void>;
}

export function useList<T>(path: string, query: () => Query, limit: number | null = 50): CursorList<T> {
  const items = shallowRef<T[]>([]);
  const loading = ref(true);
  const more = ref(false);
  const has_data = ref(false);
  const error = shallowRef<unknown>(null);
  const fetched_at_ms = ref<number | null>(null);
  let cursor: string | null = null;
  let flight: AbortController | null = null;

  async function load(from: string | null): Promise<void> {
    flight?.abort();
    const own = new AbortController();
    flight = own;
    loading.value = true;
    try {
      const answer = await api.get<List<T>>(path, { query: { ...query(), cursor: from, limit }, signal: own.signal });
      items.value = from === null ? answer.items : [...items.value, ...answer.items];
      cursor = answer.next_cursor ?? null;
      more.value = cursor !== null;
      has_data.value = true;
      error.value = null;
      fetched_at_ms.value = Date.now();
    } catch (cause) {
      if (own.signal.aborted || isAbort(cause)) return;
      error.value = cause;
    }
    if (flight === own) loading.value = false;
  }

  onScopeDispose(() => flight?.abort());
  const reload = (): Promise<void> => load(null);
  const loadMore = (): Promise<void> => (cursor === null ? Promise.resolve() : load(cursor));
  return { items, loading, more, has_data, error, fetched_at_ms, reload, loadMore };
}
