/** Follows one purchase: looks as often as its state is worth, and stops when it has ended. */
import { computed, onScopeDispose, ref, shallowRef, type ComputedRef, type Ref, type ShallowRef } from 'vue';
import { isAbort } from '@shared/api';
import { backoff } from '@shared/poll';
import { progressOf } from './progress';
import type { Purchase } from './types';

export interface Follow {
  purchase: ShallowRef<Purchase | null>;
  error: ShallowRef<unknown>;
  loading: Ref<boolean>;
  fetched_at_ms: Ref<number | null>;
  ended: ComputedRef<boolean>;
  look: () => Promise<void>;
  show: (purchase: Purchase) => void;
}

const start_ms = 1_000;

export function useFollow(load: (signal: AbortSignal) => Promise<Purchase>): Follow {
  const purchase = shallowRef<Purchase | null>(null);
  const error = shallowRef<unknown>(null);
  const loading = ref(true);
  const fetched_at_ms = ref<number | null>(null);
  const ended = computed(() => purchase.value !== null && progressOf(purchase.value, Date.now()).poll_ms === null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let flight: AbortController | null = null;
  let failures = 0;
  let stopped = false;

  function plan(): void {
    clearTimeout(timer);
    if (stopped || document.hidden) return;
    const wait_ms = purchase.value ? progressOf(purchase.value, Date.now()).poll_ms : start_ms;
    if (wait_ms !== null) timer = setTimeout(() => void look(), backoff(wait_ms, failures));
  }

  function show(next: Purchase): void {
    purchase.value = next;
    error.value = null;
    failures = 0;
    fetched_at_ms.value = Date.now();
  }

  async function look(): Promise<void> {
    clearTimeout(timer);
    flight?.abort();
    const own = new AbortController();
    flight = own;
    try {
      const answer = await load(own.signal);
      if (own.signal.aborted) return;
      show(answer);
    } catch (cause) {
      if (own.signal.aborted || isAbort(cause)) return;
      error.value = cause;
      failures += 1;
    }
    loading.value = false;
    plan();
  }

  // Back from the provider's page or app: look at once.
  function visible(): void {
    if (document.hidden) clearTimeout(timer);
    else if (!ended.value) void look();
  }

  document.addEventListener('visibilitychange', visible);
  window.addEventListener('pageshow', visible);
  onScopeDispose(() => {
    stopped = true;
    clearTimeout(timer);
    flight?.abort();
    document.removeEventListener('visibilitychange', visible);
    window.removeEventListener('pageshow', visible);
  });
  void look();
  return { purchase, error, loading, fetched_at_ms, ended, look, show };
}
