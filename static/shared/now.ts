/** One clock for all ages on the page: a reactive "now" that ticks once a second while somebody looks. */
import { onScopeDispose, ref, type Ref } from 'vue';

const now_ms = ref(Date.now());
let users = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export function useNow(): Ref<number> {
  users += 1;
  if (users === 1) timer = setInterval(() => (now_ms.value = Date.now()), 1000);
  onScopeDispose(() => {
    users -= 1;
    if (users === 0) clearInterval(timer);
  });
  return now_ms;
}
