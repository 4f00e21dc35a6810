import { nextTick, watch } from 'vue';
import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteRecordRaw } from 'vue-router';
import { locale, t, type Key } from './i18n';
import { payingPath } from './last_known';
import HomePage from './pages/HomePage.vue';
import { session, session_known, sessionLoad } from './session';

interface Screen {
  title: Key;
  /** Open to everybody: no session is asked for. */
  open?: boolean;
  /** Shows the bottom bar. */
  bar?: boolean;
}
declare module 'vue-router' {
  interface RouteMeta {
    screen?: Screen;
  }
}

// One row a page. The first screen is part of the first load, the others come when they are opened.
// prettier-ignore
const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', component: HomePage, meta: { screen: { title: 'page.home', bar: true } } },
  { path: '/login', name: 'login', component: () => import('./pages/LoginPage.vue'), meta: { screen: { title: 'page.login' } } },
  { path: '/password', name: 'password', component: () => import('./pages/PasswordPage.vue'), meta: { screen: { title: 'page.password' } } },
  { path: '/buy', name: 'buy', component: () => import('./pages/BuyPage.vue'), meta: { screen: { title: 'page.buy', bar: true } } },
  { path: '/orders', name: 'orders', component: () => import('./pages/OrdersPage.vue'), meta: { screen: { title: 'page.orders' } } },
  { path: '/orders/:id(\\d+)', name: 'order', component: () => import('./pages/OrderPage.vue'), meta: { screen: { title: 'page.order' } } },
  { path: '/usage', name: 'usage', component: () => import('./pages/UsagePage.vue'), meta: { screen: { title: 'page.usage', bar: true } } },
  { path: '/usage/:day(\\d{4}-\\d{2}-\\d{2})', name: 'day', component: () => import('./pages/DayPage.vue'), meta: { screen: { title: 'page.day' } } },
  { path: '/me', name: 'me', component: () => import('./pages/MePage.vue'), meta: { screen: { title: 'page.me', bar: true } } },
  { path: '/me/shops/:id(\\d+)', name: 'shop', component: () => import('./pages/ShopPage.vue'), meta: { screen: { title: 'page.shop' } } },
  { path: '/back', name: 'back', redirect: () => payingPath() ?? '/', meta: { screen: { title: 'page.order', open: true } } },
  { path: '/p/:code([A-Za-z0-9]+)', name: 'sticker', component: () => import('./pages/StickerPage.vue'), meta: { screen: { title: 'page.sticker', open: true } } },
  { path: '/p/:code([A-Za-z0-9]+)/:token([\\w-]+)', name: 'sticker_order', component: () => import('./pages/StickerOrderPage.vue'), meta: { screen: { title: 'page.order', open: true } } },
  { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/MissingPage.vue'), meta: { screen: { title: 'page.missing', open: true } } },
];

export const router = createRouter({
  history: createWebHistory('/m/'),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

/** The path to return to after log-in; only paths of this site are kept. */
export function targetOf(value: unknown): string {
  return typeof value === 'string' && /^\/(?!\/)/.test(value) && !value.startsWith('/login') ? value : '/';
}

router.beforeEach(async (to) => {
  if (to.meta.screen?.open) return true;
  if (!session_known.value) {
    try {
      await sessionLoad();
    } catch {
      // The server cannot be reached and nothing is kept here: the log-in page says so.
      return to.name === 'login' ? true : { name: 'login', query: { to: to.fullPath } };
    }
  }
  if (!session.value) return to.name === 'login' ? true : { name: 'login', query: { to: to.fullPath } };
  if (session.value.stage === 'change_password') return to.name === 'password' ? true : { name: 'password' };
  return to.name === 'login' ? targetOf(to.query.to) : true;
});

function titleSet(route: RouteLocationNormalized): void {
  document.title = `${t(route.meta.screen?.title ?? 'page.missing')} \u00b7 ${t('app.name')}`;
}

router.afterEach((to, from) => {
  titleSet(to);
  // A reader hears the new page, and Tab goes on from its beginning.
  if (from.name && to.path !== from.path)
    void nextTick(() => document.getElementById('main')?.focus({ preventScroll: true }));
});

const reload_key = 'pw.reloaded';
const reload_pause_ms = 30_000;

/** After an update the parts of the old build are gone: load the new one, but never in a circle. */
router.onError((_error, to) => {
  const last_ms = Number(sessionStorage.getItem(reload_key) ?? 0);
  if (Date.now() - last_ms < reload_pause_ms || !navigator.onLine) return;
  sessionStorage.setItem(reload_key, String(Date.now()));
  window.location.assign(router.resolve(to.fullPath).href);
});

watch(locale, () => titleSet(router.currentRoute.value));

/** The session ended elsewhere: to the log-in page, keeping where the person was. */
export function sessionLost(): void {
  const here = router.currentRoute.value;
  if (here.name !== 'login') void router.replace({ name: 'login', query: { to: here.fullPath } });
}
