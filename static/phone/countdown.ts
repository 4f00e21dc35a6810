/** Seconds until a code may be asked for again; it goes on counting while the page sleeps. */
import { computed, ref, type ComputedRef } from 'vue';
import { useNow } from '@shared/now';

export interface Countdown {
  left_s: ComputedRef<number>;
  start: (seconds: number) => void;
}

export const secondsLeft = (until_ms: number, now_ms: number): number =>
  Math.max(0, Math.ceil((until_ms - now_ms) / 1000));

export function useCountdown(): Countdown {
  const now_ms = useNow();
  const until_ms = ref(0);
  const left_s = computed(() => secondsLeft(until_ms.value, now_ms.value));
  return { left_s, start: (seconds) => (until_ms.value = Date.now() + seconds * 1000) };
}
