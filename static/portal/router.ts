import { nextTick, watch } from 'vue';
import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteRecordRaw } from 'vue-router';
import { locale, t } from './i18n';
import { pages, type PageRow } from './registry';
import { may, session, session_known, sessionLoad, site_name, stage } from './session';

declare module 'vue-router' {
  interface RouteMeta {
    page?: PageRow;
  }
}

/** The page to open first: the first one in the menu that this role may see. */
export function homePath(): string {
  const first = pages.find((page) => page.group && may(page.permission));
  return first?.path ?? '/about';
}

const routes: RouteRecordRaw[] = [
  { path: '/', name: 'home', redirect: () => homePath() },
  ...pages.map((page): RouteRecordRaw => ({ path: page.path, name: page.name, component: page.load, meta: { page } })),
  { path: '/:rest(.*)*', name: 'missing', component: () => import('./pages/about/MissingPage.vue') },
];

export const router = createRouter({
  history: createWebHistory('/portal/'),
  routes,
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

/** Where a stage forces the user to go. */
function stagePage(): string | null {
  const names: Record<string, string> = { enrol_totp: 'enrol', change_password: 'password' };
  const name = stage.value ? names[stage.value] : undefined;
  return name && router.hasRoute(name) ? name : null;
}

/** The path to return to after log-in; only paths of this portal are kept. */
export function targetOf(value: unknown): string {
  return typeof value === 'string' && /^\/(?!\/)/.test(value) && !value.startsWith('/login') ? value : '/';
}

router.beforeEach(async (to) => {
  if (!session_known.value) {
    try {
      await sessionLoad();
    } catch {
      // The server cannot be reached: the log-in page says so; nothing is known about the session.
      if (to.name === 'login') return true;
      return { name: 'login', query: { to: to.fullPath } };
    }
  }
  const page = to.meta.page;
  if (!session.value) return page?.open ? true : { name: 'login', query: { to: to.fullPath } };
  const forced = stagePage();
  if (forced) return to.name === forced ? true : { name: forced };
  if (page?.open) return targetOf(to.query.to);
  if (to.name === 'home' || to.name === 'enrol') return homePath();
  if (page && !may(page.permission)) return { name: 'missing', params: { rest: ['403'] } };
  return true;
});

function titleSet(route: RouteLocationNormalized): void {
  const page = route.meta.page ? t(route.meta.page.title) : '';
  document.title = [page, site_name.value || t('app.name')].filter(Boolean).join(' \u00b7 ');
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
  if (Date.now() - last_ms < reload_pause_ms) return;
  sessionStorage.setItem(reload_key, String(Date.now()));
  window.location.assign(router.resolve(to.fullPath).href);
});

watch([locale, site_name], () => titleSet(router.currentRoute.value));

/** The session ended elsewhere: to the log-in page, keeping where the user was. */
export function sessionLost(): void {
  const here = router.currentRoute.value;
  if (here.name === 'login') return;
  void router.replace({ name: 'login', query: { to: here.fullPath } });
}
