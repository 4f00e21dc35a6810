/**
 * Words. Every text of the interface lives in a language file (flat keys, `{name}` placeholders);
 * code only names keys. An app gives its language files once with `i18nInstall`.
 */
import { ref, shallowRef } from 'vue';

export type Locale = 'zh-CN' | 'en';
export type Messages = Readonly<Record<string, string>>;
export type Params = Readonly<Record<string, string | number>>;

export const locales: readonly Locale[] = ['zh-CN', 'en'];
const storage_key = 'pw.locale';

export const locale = ref<Locale>('zh-CN');
const messages = shallowRef<Messages>({});
let loaders: Partial<Record<Locale, () => Promise<Messages>>> = {};

export function i18nInstall(sources: Record<Locale, () => Promise<Messages>>): void {
  loaders = sources;
}

export function isLocale(value: unknown): value is Locale {
  return value === 'zh-CN' || value === 'en';
}

/** The language to start with: what was chosen on this device, else the browser's, else Chinese. */
export function localeAtStart(): Locale {
  const stored = localStorage.getItem(storage_key);
  if (isLocale(stored)) return stored;
  return navigator.language.toLowerCase().startsWith('en') ? 'en' : 'zh-CN';
}

/** Loads and shows a language, and remembers it on this device. */
export async function localeUse(next: Locale): Promise<void> {
  const load = loaders[next];
  if (!load) return;
  messages.value = await load();
  locale.value = next;
  localStorage.setItem(storage_key, next);
  document.documentElement.lang = next;
}

/** For tests: use these messages without loading. */
export function localeSet(next: Locale, words: Messages): void {
  messages.value = words;
  locale.value = next;
}

/** The text of a key in the present language; the key itself when it is missing (a lint forbids that). */
export function text(key: string, params?: Params): string {
  const raw = messages.value[key] ?? key;
  if (!params) return raw;
  return raw.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : String(value);
  });
}

/** Picks the right half of a pair of texts that the server sends in both languages. */
export function pick(zh: string | null | undefined, en: string | null | undefined): string {
  return (locale.value === 'en' ? en || zh : zh || en) ?? '';
}
