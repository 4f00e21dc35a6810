import { i18nInstall, text, type Params } from '@shared/i18n';
import zh from './locales/zh-CN.json';

/** A key of the language files; a typing mistake in a key is a compile error. */
export type Key = keyof typeof zh;

i18nInstall({
  'zh-CN': () => Promise.resolve(zh),
  en: () => import('./locales/en.json').then((module) => module.default),
});

export function t(key: Key, params?: Params): string {
  return text(key, params);
}

export { locale, locales, localeUse, pick, type Locale } from '@shared/i18n';
