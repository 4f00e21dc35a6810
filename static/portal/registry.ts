/**
 * The page registry: one row is one page. The router, the menu, the search of pages and the phone's bottom
 * bar are made from these rows; a page that is not here does not exist.
 */
import {
  Bell,
  CircleCheck,
  CirclePlus,
  Coin,
  Connection,
  Document,
  EditPen,
  Finished,
  Grid,
  InfoFilled,
  List,
  Lock,
  Odometer,
  Postcard,
  PriceTag,
  RefreshLeft,
  ShoppingCart,
  Stamp,
  Switch,
  Tickets,
  Upload,
  User,
  UserFilled,
  Wallet,
  Warning,
} from '@element-plus/icons-vue';
import type { Component } from 'vue';
import type { Key } from './i18n';
import type { Permission } from './types';

export type MenuGroup = 'today' | 'counter' | 'tenants' | 'operations' | 'alarms' | 'audit' | 'system';

export interface PageRow {
  /** Below /portal/; parameters as in vue-router. */
  path: string;
  name: string;
  title: Key;
  /** Who may open it; left out: everybody who is logged in. */
  permission?: Permission;
  /** Where it stands in the menu; left out: reached from other pages only. */
  group?: MenuGroup;
  /** Picture in menu and bottom bar. */
  icon?: Component;
  /** Which number of /status stands beside the entry. */
  badge?: 'tasks_open' | 'alarms_open';
  /** Place in the phone's bottom bar, from the left. */
  bottom_bar?: 1 | 2 | 3 | 4;
  /** Open without a session (log-in only). */
  open?: boolean;
  load: () => Promise<{ default: Component }>;
}

export const menu_groups: readonly MenuGroup[] = [
  'today',
  'counter',
  'tenants',
  'operations',
  'alarms',
  'audit',
  'system',
];

/** Order here is the order in the menu. */
// prettier-ignore
export const pages: readonly PageRow[] = [
  { path: '/login', name: 'login', title: 'page.login', open: true, load: () => import('./pages/session/LoginPage.vue') },
  { path: '/enrol', name: 'enrol', title: 'page.enrol', load: () => import('./pages/session/EnrolPage.vue') },
  { path: '/password', name: 'password', title: 'page.password', load: () => import('./pages/session/PasswordPage.vue') },
  { path: '/tasks', name: 'tasks', title: 'page.tasks', permission: 'park.view', group: 'today', icon: List, badge: 'tasks_open', bottom_bar: 1, load: () => import('./pages/tasks/TasksPage.vue') },
  { path: '/overview', name: 'overview', title: 'page.overview', permission: 'park.view', group: 'today', icon: Odometer, load: () => import('./pages/overview/OverviewPage.vue') },
  { path: '/sell', name: 'sell', title: 'page.sell', permission: 'sell', group: 'counter', icon: ShoppingCart, load: () => import('./pages/sell/SellPage.vue') },
  { path: '/purchases', name: 'purchases', title: 'page.purchases', permission: 'purchase.view', group: 'counter', icon: Tickets, load: () => import('./pages/purchases/PurchasesPage.vue') },
  { path: '/purchases/:id(\\d+)', name: 'purchase', title: 'page.purchase', permission: 'purchase.view', load: () => import('./pages/purchases/PurchasePage.vue') },
  { path: '/waiting', name: 'waiting', title: 'page.waiting', permission: 'account.view', group: 'today', icon: Warning, load: () => import('./pages/waiting/WaitingPage.vue') },
  { path: '/backfill/:id(\\d+)', name: 'backfill', title: 'page.backfill', permission: 'suspense.decide', load: () => import('./pages/backfill/BackfillPage.vue') },
  { path: '/money-out', name: 'money_out', title: 'page.money_out', permission: 'account.view', group: 'counter', icon: RefreshLeft, load: () => import('./pages/moneyout/MoneyOutPage.vue') },
  { path: '/correct', name: 'correct', title: 'page.correct', permission: 'refund.request', group: 'counter', icon: EditPen, load: () => import('./pages/moneyout/CorrectPage.vue') },
  { path: '/accounts', name: 'accounts', title: 'page.accounts', permission: 'account.view', group: 'tenants', icon: Wallet, load: () => import('./pages/accounts/AccountsPage.vue') },
  { path: '/accounts/new', name: 'account_new', title: 'page.account_new', permission: 'account.manage', group: 'tenants', icon: CirclePlus, load: () => import('./pages/accounts/OpenAccountPage.vue') },
  { path: '/accounts/:id(\\d+)', name: 'account', title: 'page.account', permission: 'account.view', load: () => import('./pages/accounts/AccountPage.vue') },
  { path: '/accounts/:id(\\d+)/close', name: 'account_close', title: 'page.account_close', permission: 'account.view', load: () => import('./pages/accounts/ClosePage.vue') },
  { path: '/take-over', name: 'take_overs', title: 'page.take_over', permission: 'account.view', group: 'tenants', icon: Finished, load: () => import('./pages/takeover/TakeOversPage.vue') },
  { path: '/take-over/:id(\\d+)', name: 'take_over', title: 'page.take_over', permission: 'account.view', load: () => import('./pages/takeover/TakeOverPage.vue') },
  { path: '/swaps', name: 'swaps', title: 'page.swaps', permission: 'account.view', group: 'tenants', icon: Switch, load: () => import('./pages/swaps/SwapsPage.vue') },
  { path: '/swaps/new', name: 'swap_new', title: 'page.swap_new', permission: 'swap.manage', load: () => import('./pages/swaps/NewSwapPage.vue') },
  { path: '/swaps/:id(\\d+)', name: 'swap', title: 'page.swap', permission: 'account.view', load: () => import('./pages/swaps/SwapPage.vue') },
  { path: '/tariffs', name: 'tariffs', title: 'page.tariffs', permission: 'tariff.view', group: 'tenants', icon: PriceTag, load: () => import('./pages/tariffs/TariffsPage.vue') },
  { path: '/tariffs/:id(\\d+)', name: 'tariff', title: 'page.tariff', permission: 'tariff.view', load: () => import('./pages/tariffs/TariffPage.vue') },
  { path: '/tariffs/:id(\\d+)/edit', name: 'tariff_edit', title: 'page.tariff_edit', permission: 'tariff.manage', load: () => import('./pages/tariffs/TariffEditPage.vue') },
  { path: '/pushes/:id(\\d+)', name: 'push', title: 'page.push', permission: 'tariff.view', load: () => import('./pages/tariffs/PushPage.vue') },
  { path: '/stickers', name: 'stickers', title: 'page.stickers', permission: 'account.view', group: 'tenants', icon: Postcard, load: () => import('./pages/stickers/StickersPage.vue') },
  { path: '/monitor', name: 'monitor', title: 'page.monitor', permission: 'park.view', group: 'operations', icon: Grid, bottom_bar: 2, load: () => import('./pages/monitor/MonitorPage.vue') },
  { path: '/meters/:id(\\d+)', name: 'meter', title: 'page.meter', permission: 'park.view', load: () => import('./pages/meter/MeterPage.vue') },
  { path: '/lines', name: 'lines', title: 'page.lines', permission: 'park.view', group: 'operations', icon: Connection, load: () => import('./pages/lines/LinesPage.vue') },
  { path: '/lines/:id(\\d+)', name: 'line', title: 'page.line', permission: 'park.view', load: () => import('./pages/lines/LinePage.vue') },
  { path: '/lock-outs', name: 'lock_outs', title: 'page.lock_outs', permission: 'park.view', group: 'operations', icon: Lock, load: () => import('./pages/lockouts/LockOutsPage.vue') },
  { path: '/approvals', name: 'approvals', title: 'page.approvals', permission: 'approval.view', group: 'today', icon: Stamp, load: () => import('./pages/approvals/ApprovalsPage.vue') },
  { path: '/alarms', name: 'alarms', title: 'page.alarms', permission: 'alarm.view', group: 'alarms', icon: Bell, badge: 'alarms_open', bottom_bar: 3, load: () => import('./pages/alarms/AlarmsPage.vue') },
  { path: '/proofs', name: 'proofs', title: 'page.proofs', permission: 'proof.view', group: 'audit', icon: Coin, load: () => import('./pages/proofs/ProofsPage.vue') },
  { path: '/proofs/supplies/:id(\\d+)', name: 'supply_proofs', title: 'page.proofs', permission: 'proof.view', load: () => import('./pages/proofs/SupplyProofsPage.vue') },
  { path: '/checks', name: 'checks', title: 'page.checks', permission: 'check.view', group: 'audit', icon: CircleCheck, load: () => import('./pages/checks/ChecksPage.vue') },
  { path: '/audit', name: 'audit', title: 'page.audit', permission: 'audit.view', group: 'audit', icon: Document, load: () => import('./pages/audit/AuditPage.vue') },
  { path: '/import', name: 'imports', title: 'page.import', permission: 'import.run', group: 'system', icon: Upload, load: () => import('./pages/imports/ImportsPage.vue') },
  { path: '/import/:id(\\d+)', name: 'import', title: 'page.import', permission: 'import.run', load: () => import('./pages/imports/ImportPage.vue') },
  { path: '/users', name: 'users', title: 'page.users', permission: 'user.manage', group: 'system', icon: User, load: () => import('./pages/users/UsersPage.vue') },
  { path: '/me', name: 'me', title: 'page.me', icon: UserFilled, bottom_bar: 4, load: () => import('./pages/me/MePage.vue') },
  { path: '/about', name: 'about', title: 'page.about', group: 'system', icon: InfoFilled, load: () => import('./pages/about/AboutPage.vue') },
];
