/** One act of the user: busy while it runs, one sentence when it fails, one key for all its repeats. */
import { ref, type Ref } from 'vue';
import { ApiError, orderKey } from './api';

export interface Act {
  busy: Ref<boolean>;
  failure: Ref<string>;
  /** The field that the server named, or empty. */
  field: Ref<string>;
  /** The server's stable code of the failure, or empty. */
  code: Ref<string>;
  /** Runs the act; true when it succeeded. The key stays the same until it does, so a repeat is not a second order. */
  run: (work: (key: string) => Promise<unknown>) => Promise<boolean>;
  reset: () => void;
}

/** An app says once which sentence a failure gets. */
export function actOf(errorText: (error: unknown) => string): () => Act {
  return () => actMake(errorText);
}

function actMake(errorText: (error: unknown) => string): Act {
  const busy = ref(false);
  const failure = ref('');
  const field = ref('');
  const code = ref('');
  let key = orderKey();

  async function run(work: (key: string) => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    failure.value = field.value = code.value = '';
    try {
      await work(key);
      key = orderKey();
      return true;
    } catch (error) {
      failure.value = errorText(error);
      field.value = error instanceof ApiError ? (error.field ?? '') : '';
      code.value = error instanceof ApiError ? error.code : '';
      // A refused order was not carried out: what is sent next is a new one. A lost answer keeps its key.
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) key = orderKey();
      return false;
    } finally {
      busy.value = false;
    }
  }

  function reset(): void {
    failure.value = field.value = code.value = '';
    key = orderKey();
  }
  return { busy, failure, field, code, run, reset };
}
