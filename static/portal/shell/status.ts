/** The state of the installation, asked every five seconds while the shell stands; pages may read it too. */
import { computed, type ComputedRef, shallowRef, type ShallowRef } from 'vue';
import { usePoll } from '@shared/poll';
import { api } from '../api';
import type { Status } from '../types';

const interval_ms = 5_000;

export const status: ShallowRef<Status | null> = shallowRef(null);
const failed = shallowRef<unknown>(null);

export interface Light {
  name: 'outside' | 'database' | 'field';
  state: 'ok' | 'degraded' | 'down' | 'unknown';
}

/** The three lights of the header. When the server does not answer nothing is known of what lies behind it. */
export const lights: ComputedRef<Light[]> = computed(() => {
  const now = failed.value ? null : status.value;
  const data = !now ? 'unknown' : now.database === 'down' ? 'down' : now.redis === 'down' ? 'degraded' : 'ok';
  return [
    { name: 'outside', state: now?.outside ?? 'unknown' },
    { name: 'database', state: data },
    { name: 'field', state: now?.field ?? 'unknown' },
  ];
});

export const server_lost = computed(() => failed.value !== null);

/** To be called once, in the set-up of the shell. */
export function statusStart(): void {
  usePoll<Status>({
    interval_ms,
    load: async (_since, signal) => {
      try {
        const found = await api.get<Status>('/status', { signal });
        failed.value = null;
        status.value = found;
        return found;
      } catch (error) {
        if (!signal.aborted) failed.value = error;
        throw error;
      }
    },
  });
}
