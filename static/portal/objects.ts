/** Where the page of an object is; null when it has none (yet). */
import { router } from './router';

const pages_of: Readonly<Record<string, (id: number) => string>> = {
  meter: (id) => `/meters/${id}`,
  line: (id) => `/lines/${id}`,
  gateway: () => '/lines',
  approval: () => '/approvals',
  import: (id) => `/import/${id}`,
  user: () => '/users',
  lock_out: () => '/lock-outs',
};

export function objectPath(kind: string | null | undefined, id: number | null | undefined): string | null {
  const make = kind ? pages_of[kind] : undefined;
  if (!make || id === null || id === undefined) return null;
  const path = make(id);
  return router.resolve(path).name === 'missing' ? null : path;
}
