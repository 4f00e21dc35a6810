/**
 * Short polls. A page asks again every `interval_ms`; after a failure the wait doubles up to a minute;
 * a hidden tab does not ask at all and asks at once when it is shown again. The last good answer stays,
 * so figures never flicker: `error` beside `data` means "what you see is old".
 */
import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { isAbort } from './api';

export interface Poll<T> {
  data: ShallowRef<T | null>;
  error: ShallowRef<unknown>;
  /** True only until the first answer or error. */
  loading: Ref<boolean>;
  /** Milliseconds since the epoch of the last good answer; null before it. */
  fetched_at_ms: Ref<number | null>;
  refresh: () => Promise<void>;
  stop: () => void;
}

export interface PollOptions<T> {
  /** `since` is the cursor of the last good answer; null asks for everything. */
  load: (since: string | null, signal: AbortSignal) => Promise<T>;
  /** Reads the cursor from an answer; leave out for lists without one. */
  cursor?: (answer: T) => string | null;
  /** Merges an answer into what is shown; by default the answer replaces it. */
  merge?: (shown: T | null, answer: T) => T;
  interval_ms: number;
  immediate?: boolean;
}

const backoff_max_ms = 60_000;

export function backoff(interval_ms: number, failures: number): number {
  return Math.min(interval_ms * 2 ** Math.min(failures, 6), Math.max(interval_ms, backoff_max_ms));
}

export function usePoll<T>(options: PollOptions<T>): Poll<T> {
  const data = shallowRef<T | null>(null);
  const error = shallowRef<unknown>(null);
  const loading = ref(true);
  const fetched_at_ms = ref<number | null>(null);
  let since: string | null = null;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let flight: AbortController | null = null;
  let stopped = false;

  function plan(): void {
    clearTimeout(timer);
    if (stopped || document.hidden) return;
    timer = setTimeout(() => void refresh(), backoff(options.interval_ms, failures));
  }

  async function refresh(): Promise<void> {
    if (stopped) return;
    clearTimeout(timer);
    flight?.abort();
    const own = new AbortController();
    flight = own;
    try {
      const answer = await options.load(since, own.signal);
      if (own.signal.aborted) return;
      data.value = options.merge ? options.merge(data.value, answer) : answer;
      since = options.cursor ? options.cursor(answer) : null;
      error.value = null;
      failures = 0;
      fetched_at_ms.value = Date.now();
    } catch (cause) {
      if (own.signal.aborted || isAbort(cause)) return;
      error.value = cause;
      failures += 1;
    }
    loading.value = false;
    plan();
  }

  function visible(): void {
    if (document.hidden) clearTimeout(timer);
    else void refresh();
  }

  function stop(): void {
    stopped = true;
    clearTimeout(timer);
    flight?.abort();
    document.removeEventListener('visibilitychange', visible);
  }

  document.addEventListener('visibilitychange', visible);
  onScopeDispose(stop);
  if (options.immediate !== false) void refresh();
  return { data, error, loading, fetched_at_ms, refresh, stop };
}
