import { createApp } from 'vue';
import '@shared/tokens.css';
import './phone.css';
import { localeAtStart } from '@shared/i18n';
import '@shared/theme';
import App from './App.vue';
import { api } from './api';
import { homeStart } from './home';
import { localeUse } from './i18n';
import { knownRead } from './last_known';
import { router, sessionLost } from './router';
import { session_old, sessionForget, sessionLoad } from './session';

async function start(): Promise<void> {
  api.hooksSet({
    ended: () => {
      if (router.currentRoute.value.meta.screen?.open) return;
      sessionForget();
      sessionLost();
    },
    staged: () => void sessionLoad().then(() => router.replace('/password')),
  });
  const known = knownRead();
  const at_home = /^\/m\/?$/.test(location.pathname);
  if (at_home && known && known.shops.some((one) => one.supply_id === known.supply_id && one.role === 'tenant'))
    homeStart(known.supply_id ?? 0);
  await localeUse(localeAtStart());
  createApp(App).use(router).mount('#app');
  // Back on the network: the session's token is needed before anything can be ordered.
  window.addEventListener('online', () => {
    if (session_old.value) void sessionLoad().catch(() => undefined);
  });
}

/** Only after the first screen is there: what is kept for later must not delay it. */
function workerStart(): void {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) return;
  const idle_ms = 3_000;
  setTimeout(() => void navigator.serviceWorker.register('/m/sw.js', { scope: '/m/' }).catch(() => undefined), idle_ms);
}

void start();
if (document.readyState === 'complete') workerStart();
else window.addEventListener('load', workerStart, { once: true });
