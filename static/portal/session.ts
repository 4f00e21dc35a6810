/** Who is logged in, what they may do, and the way out. */
import { computed, ref, shallowRef } from 'vue';
import { ApiError } from '@shared/api';
import { timeZoneSet } from '@shared/format';
import { api } from './api';
import { locale, localeUse, type Locale } from './i18n';
import type { Permission, Session } from './types';

export const session = shallowRef<Session | null>(null);
/** True once the server has been asked who we are. */
export const session_known = ref(false);

export const stage = computed(() => session.value?.stage ?? null);
export const site_name = computed(() => {
  const site = session.value?.site;
  if (!site) return '';
  return locale.value === 'en' ? site.name_en || site.name : site.name;
});

export function may(permission: Permission | undefined): boolean {
  return permission === undefined || (session.value?.permissions.includes(permission) ?? false);
}

export function sessionSet(next: Session | null): void {
  session.value = next;
  session_known.value = true;
  api.tokenSet(next?.csrf_token ?? '');
  if (next) timeZoneSet(next.site.time_zone);
}

/** Asks the server who we are; no session is not an error. */
export async function sessionLoad(): Promise<void> {
  try {
    const found = await api.get<Session>('/session');
    sessionSet(found);
    if (found.user.locale !== locale.value) await localeUse(found.user.locale);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    sessionSet(null);
  }
}

export async function sessionEnd(): Promise<void> {
  await api.delete<void>('/session').catch(() => undefined);
  sessionSet(null);
}

/** Changes the language here at once, and for the user's next log-in when there is a session. */
export async function languageUse(next: Locale): Promise<void> {
  await localeUse(next);
  if (session.value?.stage !== 'full') return;
  const changed = await api.post<Session>('/session/locale', { locale: next }).catch(() => null);
  if (changed) sessionSet(changed);
}
