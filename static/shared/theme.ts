/** Light, dark, or as the device says; remembered on this device. */
import { ref, watchEffect } from 'vue';

export type Theme = 'auto' | 'light' | 'dark';
const storage_key = 'pw.theme';
const stored = localStorage.getItem(storage_key);
const wants_dark = window.matchMedia('(prefers-color-scheme: dark)');

export const theme = ref<Theme>(stored === 'light' || stored === 'dark' ? stored : 'auto');
export const is_dark = ref(false);
const device_dark = ref(wants_dark.matches);
wants_dark.addEventListener('change', (event) => (device_dark.value = event.matches));

export function themeUse(next: Theme): void {
  theme.value = next;
  localStorage.setItem(storage_key, next);
}

watchEffect(() => {
  is_dark.value = theme.value === 'dark' || (theme.value === 'auto' && device_dark.value);
  document.documentElement.classList.toggle('dark', is_dark.value);
});
