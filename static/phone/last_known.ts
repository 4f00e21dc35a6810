/**
 * What was last known, kept on this phone so that it can be read without a network: who is logged in, which
 * shops, and the last first screen of each. One person only: another person's log-in and every log-out wipe it.
 * No token is ever kept here.
 */
import type { Home, Session } from './types';

export interface KnownHome {
  at_ms: number;
  home: Home;
}

export interface Known {
  person: Session['person'];
  site: Session['site'];
  shops: Session['shops'];
  homes: Record<string, KnownHome>;
  /** The supply that was looked at last. */
  supply_id: number | null;
}

const storage_key = 'pw.phone.known';
/** Where a payment was left for a provider's page: the way back. Goes with the person too. */
const paying_key = 'pw.phone.paying';

export function knownRead(): Known | null {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(storage_key) ?? 'null');
    const known = found as Known | null;
    return known && typeof known === 'object' && known.person?.id && known.homes ? known : null;
  } catch {
    return null;
  }
}

function knownWrite(known: Known): void {
  try {
    localStorage.setItem(storage_key, JSON.stringify(known));
  } catch {
    // A full or forbidden store only means: nothing to read without a network.
  }
}

export function knownWipe(): void {
  localStorage.removeItem(storage_key);
  localStorage.removeItem(paying_key);
}

/** The session's facts; what another person left here goes, and what is no longer this person's shop. */
export function knownSession(session: Session): void {
  const old = knownRead();
  const same = old?.person.id === session.person.id ? old : null;
  if (old && !same) knownWipe();
  const own = new Set(session.shops.map((shop) => String(shop.supply_id)));
  const homes = Object.fromEntries(Object.entries(same?.homes ?? {}).filter(([id]) => own.has(id)));
  const last = same?.supply_id ?? null;
  const supply_id = last !== null && own.has(String(last)) ? last : (session.shops[0]?.supply_id ?? null);
  knownWrite({ person: session.person, site: session.site, shops: session.shops, homes, supply_id });
}

export function knownHome(home: Home, now_ms: number = Date.now()): void {
  const known = knownRead();
  if (!known || !known.shops.some((shop) => shop.supply_id === home.supply_id)) return;
  known.homes[String(home.supply_id)] = { at_ms: now_ms, home };
  knownWrite(known);
}

export function knownSupply(supply_id: number): void {
  const known = knownRead();
  if (known) knownWrite({ ...known, supply_id });
}

/** The page to come back to from a provider's. */
export function payingKeep(path: string): void {
  localStorage.setItem(paying_key, path);
}

export function payingPath(): string | null {
  const path = localStorage.getItem(paying_key);
  return path && /^\/(orders\/\d+|p\/[\w-]+\/[\w-]+)$/.test(path) ? path : null;
}
