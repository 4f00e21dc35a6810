/** One act after the other over many rows, with progress; the server's limit of requests is waited for. */
import { ref, shallowRef } from 'vue';
import { ApiError, orderKey } from '@shared/api';
import { errorText } from '@/api';

export interface Failed {
  name: string;
  why: string;
}

const pause_ms = 5_000;
const tries_max = 20;

export function useEach<T>(nameOf: (row: T) => string, work: (row: T, key: string) => Promise<unknown>) {
  const done = ref(0);
  const total = ref(0);
  const running = ref(false);
  const failed = shallowRef<Failed[]>([]);

  async function once(row: T): Promise<void> {
    const key = orderKey();
    for (let tries = 0; tries < tries_max; tries += 1) {
      try {
        await work(row, key);
        return;
      } catch (error) {
        const limited = error instanceof ApiError && error.code === 'rate_limited';
        if (!limited) {
          failed.value = [...failed.value, { name: nameOf(row), why: errorText(error) }];
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, pause_ms));
      }
    }
  }

  async function run(rows: readonly T[]): Promise<void> {
    if (running.value) return;
    running.value = true;
    failed.value = [];
    done.value = 0;
    total.value = rows.length;
    for (const row of rows) {
      await once(row);
      done.value += 1;
    }
    running.value = false;
  }
  return { done, total, running, failed, run };
}
