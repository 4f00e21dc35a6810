/** Who is logged in on this phone, which shop is looked at, and the way out. */
import { computed, ref, shallowRef } from 'vue';
import { ApiError } from '@shared/api';
import { timeZoneSet } from '@shared/format';
import { api, isOffline } from './api';
import { locale, localeUse, type Locale } from './i18n';
import { knownRead, knownSession, knownSupply, knownWipe } from './last_known';
import type { Session, Shop } from './types';

export const session = shallowRef<Session | null>(null);
export const session_known = ref(false);
/** True while the facts come from this phone because the server could not be reached. */
export const session_old = ref(false);
export const supply_id = ref<number | null>(null);

export const shops = computed<Shop[]>(() => session.value?.shops ?? []);
export const shop = computed<Shop | null>(
  () => shops.value.find((one) => one.supply_id === supply_id.value) ?? shops.value[0] ?? null,
);
export const is_tenant = computed(() => shop.value?.role === 'tenant');
export const site_name = computed(() => {
  const site = session.value?.site;
  return site ? (locale.value === 'en' ? site.name_en || site.name : site.name) : '';
});

/** The password just typed: a forced change asks for it as the old one, so nobody types it twice. */
let typed_password = '';
export const passwordKeep = (typed: string): void => void (typed_password = typed);
export const passwordTyped = (): string => typed_password;

function show(next: Session | null): void {
  session.value = next;
  session_known.value = true;
  api.tokenSet(next?.csrf_token ?? '');
  if (!next) return;
  timeZoneSet(next.site.time_zone);
  supply_id.value = knownRead()?.supply_id ?? next.shops[0]?.supply_id ?? null;
}

/** A fresh answer of the server. */
export function sessionSet(next: Session): void {
  knownSession(next);
  session_old.value = false;
  show(next);
}

/** The session is over: nothing of the person stays on this phone. */
export function sessionForget(): void {
  knownWipe();
  typed_password = '';
  supply_id.value = null;
  session_old.value = false;
  show(null);
}

function showKnown(): boolean {
  const known = knownRead();
  if (!known) return false;
  session_old.value = true;
  const { person, site, shops: own } = known;
  show({ person, site, shops: own, stage: 'full', csrf_token: '', expires_at: '' });
  return true;
}

/** Asks the server who we are; without a network the last known facts are shown. */
export async function sessionLoad(): Promise<void> {
  try {
    const found = await api.get<Session>('/session');
    sessionSet(found);
    if (found.person.locale !== locale.value) await localeUse(found.person.locale);
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) sessionForget();
    else if (!isOffline(error) || !showKnown()) throw error;
  }
}

export async function sessionEnd(): Promise<void> {
  await api.delete<void>('/session').catch(() => undefined);
  sessionForget();
}

export function supplyUse(id: number): void {
  supply_id.value = id;
  knownSupply(id);
}

export async function languageUse(next: Locale): Promise<void> {
  await localeUse(next);
  if (!session.value || session_old.value) return;
  const changed = await api.post<Session>('/session/locale', { locale: next }).catch(() => null);
  if (changed) sessionSet(changed);
}
