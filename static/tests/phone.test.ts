import { beforeEach, describe, expect, it } from 'vitest';
import { localeSet } from '@shared/i18n';
import { timeZoneSet } from '@shared/format';
import { amountFault, tilesOf } from '@phone/amounts';
import { secondsLeft } from '@phone/countdown';
import { dayMove, monthDays, spanMove, spanOf, spanTitle, today } from '@phone/dates';
import { knownHome, knownRead, knownSession, knownSupply, knownWipe, payingKeep, payingPath } from '@phone/last_known';
import zh from '@phone/locales/zh-CN.json';
import { isWebAddress, offerOf } from '@phone/offer';
import { progressOf } from '@phone/progress';
import type { Channel, Home, Purchase, PurchaseState, Session } from '@phone/types';
import { partsOf } from '@phone/usage';
import { browserOf, wayFirst, waysOf } from '@phone/ways';

const at = '2026-11-22T08:30:00.000Z';
const purchase = (more: Partial<Purchase>): Purchase => ({
  id: 1,
  number: 'PW1',
  supply_id: 11,
  unit_number: '3F-215',
  shop_name: 'Tea',
  meter_number: '1',
  amount_fen: 20000,
  channel: 'wechat',
  scene: 'phone',
  state: 'open',
  held_reason: null,
  offer: null,
  expires_at: null,
  created_at: at,
  paid_at: null,
  writing_at: null,
  delivered_at: null,
  power_at: null,
  purchase_count: null,
  changed_at: at,
  ...more,
});

class Store {
  rows = new Map<string, string>();
  getItem = (key: string): string | null => this.rows.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.rows.set(key, value);
  removeItem = (key: string): void => void this.rows.delete(key);
}

beforeEach(() => {
  (globalThis as unknown as { localStorage: Store }).localStorage = new Store();
  localeSet('zh-CN', zh);
  timeZoneSet('Asia/Shanghai');
});

describe('progress', () => {
  const states: PurchaseState[] = [
    'creating',
    'open',
    'closed',
    'failed',
    'paid',
    'writing',
    'delivered',
    'credited',
    'held',
    'refunding',
    'refunded',
  ];
  it('has a sentence for every state, and only an open one can be paid', () => {
    for (const state of states) {
      const row = progressOf(purchase({ state }), Date.parse(at));
      expect(row.sentence in zh).toBe(true);
      expect(row.payable).toBe(state === 'open');
    }
  });
  it('stops looking when it has ended and goes on while money is under way', () => {
    const ended = states.filter((state) => progressOf(purchase({ state }), Date.parse(at)).poll_ms === null);
    expect(ended).toEqual(['closed', 'failed', 'delivered', 'credited', 'refunded']);
  });
  it('marks the step that the money is at', () => {
    expect(progressOf(purchase({ state: 'writing' }), 0).marks).toEqual({
      paid: 'done',
      writing: 'now',
      delivered: 'ahead',
    });
    expect(progressOf(purchase({ state: 'closed' }), 0).marks).toBeNull();
  });
  it('waits a while for the power after delivery, then not', () => {
    const one = purchase({ state: 'delivered', paid_at: at, delivered_at: at });
    expect(progressOf(one, Date.parse(at) + 5_000).poll_ms).toBe(3_000);
    expect(progressOf(one, Date.parse(at) + 91_000).poll_ms).toBeNull();
    expect(progressOf({ ...one, power_at: at }, Date.parse(at) + 5_000).poll_ms).toBeNull();
  });
  it('says why money is held, and something calm where the reason is new', () => {
    expect(progressOf(purchase({ state: 'held', held_reason: 'late' }), 0).sentence).toBe('progress.held.late');
    expect(progressOf(purchase({ state: 'held', held_reason: 'comet' }), 0).sentence).toBe('progress.held');
  });
});

describe('ways of paying', () => {
  const channels: Channel[] = [
    { channel: 'wechat', merchant: 'main', scenes: ['qr', 'phone', 'in_app'], available: true },
    { channel: 'alipay', merchant: 'main', scenes: ['qr', 'page', 'phone'], available: false },
    { channel: 'unionpay', merchant: 'main', scenes: ['page'], available: true },
  ];
  it('knows the browsers', () => {
    expect(browserOf('Mozilla/5.0 (iPhone) MicroMessenger/8.0')).toBe('wechat');
    expect(browserOf('Mozilla/5.0 (Linux; Android 13) AliApp AlipayClient/10')).toBe('alipay');
    expect(browserOf('Mozilla/5.0 (Linux; Android 13) Chrome/120 Mobile')).toBe('phone');
    expect(browserOf('Mozilla/5.0 (X11; Linux x86_64) Chrome/120')).toBe('desktop');
  });
  it('offers only what works there', () => {
    const told = (browser: Parameters<typeof waysOf>[1]): string[] =>
      waysOf(channels, browser).map((one) => `${one.channel} ${one.scene}`);
    expect(told('wechat')).toEqual(['wechat in_app']);
    expect(told('phone')).toEqual(['wechat phone', 'alipay phone']);
    expect(told('desktop')).toEqual(['wechat qr', 'alipay qr', 'unionpay page']);
    expect(told('alipay')).toEqual(['alipay phone']);
  });
  it('begins with the last one where it answers', () => {
    const ways = waysOf(channels, 'desktop');
    expect(wayFirst(ways, 'unionpay')?.channel).toBe('unionpay');
    expect(wayFirst(ways, 'alipay')?.channel).toBe('wechat');
    expect(wayFirst([], 'alipay')).toBeNull();
  });
});

describe('offers', () => {
  it('takes what it knows and nothing else', () => {
    expect(offerOf({ kind: 'qr', text: 'weixin://wxpay/x' })).toEqual({ kind: 'qr', text: 'weixin://wxpay/x' });
    expect(offerOf({ kind: 'redirect', text: 'javascript:alert(1)' })).toBeNull();
    expect(offerOf({ kind: 'form', text: '/api/v1/tenant/session', fields: [] })).toBeNull();
    expect(offerOf({ kind: 'form', text: 'https://p.example/x', fields: [{ name: 'a', value: 'b' }, 7] })).toEqual({
      kind: 'form',
      text: 'https://p.example/x',
      fields: [{ name: 'a', value: 'b' }],
    });
    expect(offerOf(null)).toBeNull();
    expect(offerOf({ kind: 'new', text: 'x' })).toBeNull();
    expect(isWebAddress('https:///x')).toBe(false);
  });
});

describe('amounts', () => {
  it('offers round ones within the limits, two rows with the tile for another', () => {
    expect(tilesOf(1000, 1_000_000)).toEqual([5000, 10000, 20000, 30000, 50000]);
    expect(tilesOf(6000, 25000)).toEqual([10000, 20000]);
    expect(tilesOf(1000, 0)).toEqual([]);
  });
  it('says what is wrong with a typed one', () => {
    expect(amountFault('', 1000, 5000)).toBeNull();
    expect(amountFault('10.5', 1000, 5000)).toBeNull();
    expect(amountFault('9.99', 1000, 5000)).toBe('buy.fault.below');
    expect(amountFault('50.01', 1000, 5000)).toBe('buy.fault.above');
    for (const typed of ['-5', '0', '1e3', '1.234', 'ten']) expect(amountFault(typed, 1, 5000)).toBe('buy.fault.shape');
  });
});

describe('days', () => {
  it('moves across months, years and leap days', () => {
    expect(dayMove('2026-12-31', 1)).toBe('2027-01-01');
    expect(dayMove('2028-03-01', -1)).toBe('2028-02-29');
    expect(monthDays(2027, 2)).toBe(28);
  });
  it('spans a month by day, a year by month, five years', () => {
    expect(spanOf('day', '2026-02-14')).toEqual({ from: '2026-02-01', to: '2026-02-28' });
    expect(spanOf('month', '2026-02-14')).toEqual({ from: '2026-01-01', to: '2026-12-31' });
    expect(spanOf('year', '2026-02-14')).toEqual({ from: '2022-01-01', to: '2026-12-31' });
    expect(spanMove('day', '2026-01-31', 1)).toBe('2026-02-01');
    expect(spanMove('month', '2026-03-31', -1)).toBe('2025-03-01');
    expect(spanTitle('day', '2026-11-22')).toBe('2026-11');
  });
  it('takes today from the site, not from the phone', () => {
    expect(today(Date.parse('2026-11-22T16:30:00Z'))).toBe('2026-11-23');
  });
});

describe('what is kept on the phone', () => {
  const session = (id: number, supplies: number[]): Session => ({
    person: { id, phone_masked: '138****0001', locale: 'zh-CN', has_password: true },
    stage: 'full',
    csrf_token: 'a-secret-token',
    expires_at: at,
    site: { code: 'A', name: 'A', name_en: 'A', time_zone: 'Asia/Shanghai' },
    shops: supplies.map((supply_id) => ({
      supply_id,
      account_id: 1,
      unit_number: String(supply_id),
      shop_name: 'Tea',
      role: 'tenant',
      medium: 'electricity',
    })),
  });
  const home = (supply_id: number): Home => ({ supply_id, balance_fen: 18760 }) as Home;

  it('keeps the last screen of own shops, with its time, and no token', () => {
    knownSession(session(1, [11, 12]));
    knownHome(home(11), 1000);
    knownHome(home(99), 1000);
    knownSupply(12);
    const known = knownRead();
    expect(known?.homes['11']).toEqual({ at_ms: 1000, home: home(11) });
    expect(known?.homes['99']).toBeUndefined();
    expect(known?.supply_id).toBe(12);
    expect(JSON.stringify(known)).not.toContain('a-secret-token');
  });
  it('drops a shop that is no longer his, and all of it for another person', () => {
    knownSession(session(1, [11, 12]));
    knownHome(home(11), 1000);
    knownHome(home(12), 1000);
    knownSession(session(1, [12]));
    expect(Object.keys(knownRead()?.homes ?? {})).toEqual(['12']);
    payingKeep('/orders/7');
    knownSession(session(2, [12]));
    expect(knownRead()?.homes).toEqual({});
    expect(payingPath()).toBeNull();
  });
  it('is gone after log-out, and broken bytes are nothing', () => {
    knownSession(session(1, [11]));
    knownWipe();
    expect(knownRead()).toBeNull();
    localStorage.setItem('pw.phone.known', '{"person":');
    expect(knownRead()).toBeNull();
  });
  it('goes back to own pages only', () => {
    payingKeep('/p/ABCDEFGH2345/dG9rZW4_-x');
    expect(payingPath()).toBe('/p/ABCDEFGH2345/dG9rZW4_-x');
    localStorage.setItem('pw.phone.paying', '//evil.example/orders/7');
    expect(payingPath()).toBeNull();
  });
});

describe('small things', () => {
  it('counts whole seconds down', () => {
    expect(secondsLeft(61_000, 0)).toBe(61);
    expect(secondsLeft(1_001, 0)).toBe(2);
    expect(secondsLeft(0, 5)).toBe(0);
  });
  it('splits use into its rates and what they leave over', () => {
    const row = { energy_wh: 100, energy_sharp_wh: null, energy_peak_wh: 40, energy_flat_wh: 0, energy_valley_wh: 50 };
    expect(partsOf(row)).toEqual([
      { rate: 'peak', energy_wh: 40 },
      { rate: 'valley', energy_wh: 50 },
      { rate: 'whole', energy_wh: 10 },
    ]);
    expect(partsOf({ ...row, energy_wh: null, energy_peak_wh: null, energy_valley_wh: null })).toEqual([]);
  });
});
