// The tenant API of the mock: three people, some shops, providers that a page under /mock/ plays.
// 13800000001 has four shops, 13800000002 must change the password, 13700000007 pays for another's shop.
// Password "paywatt-demo", every code 123456, counter code ABCD-2345, sticker QQQQQQQQ2345.
import { randomBytes, randomUUID } from 'node:crypto';
import { iso, site } from './mock-park.mjs';
import { Problem } from './mock-routes.mjs';

const now = () => iso(Date.now());
const ago = (s) => iso(Date.now() - s * 1000);
const shops = [
  { supply_id: 11, account_id: 1, unit_number: '3F-215', shop_name: '海鲜小馆', medium: 'electricity' },
  { supply_id: 12, account_id: 1, unit_number: '3F-216', shop_name: '海鲜小馆(后厨)', medium: 'electricity' },
  { supply_id: 13, account_id: 2, unit_number: '1F-008', shop_name: '一个名字特别长的奶茶与咖啡与甜品组合店铺', medium: 'electricity' },
  { supply_id: 14, account_id: 3, unit_number: 'B1-001', shop_name: '地下超市', medium: 'electricity' },
];
const home = (supply_id, more = {}) => ({
  supply_id, mode: 'meter', balance_fen: 18760, debt_fen: 0, taken_at: ago(4), stale: false, relay: 'closed', state: 'closed', tripped_reason: null, keep_on_until_at: null, level: 0,
  use_today_wh: 21_340, use_yesterday_wh: 43_870, cost_yesterday_fen: 3_948, days_left_milli: 4_750, power_w: 3_210, own_switch: false, open_purchase_id: null, unread: 0, ...more,
});
const homes = {
  11: () => home(11),
  12: () => home(12, { balance_fen: -1240, debt_fen: 1240, relay: 'open', state: 'tripped', tripped_reason: 'arrears', level: 3, days_left_milli: 0, power_w: 0 }),
  13: () => home(13, { balance_fen: 123_456_78, taken_at: ago(7800), stale: true, state: 'stale', days_left_milli: 120_000 }),
  14: () => home(14, { balance_fen: null, taken_at: null, relay: 'unknown', state: 'never', use_today_wh: null, use_yesterday_wh: null, cost_yesterday_fen: null, days_left_milli: null, power_w: null }),
};
const people = [
  { id: 1, phone: '13800000001', password: 'paywatt-demo', locale: 'zh-CN', stage: 'full', shops: { 11: 'tenant', 12: 'tenant', 13: 'tenant', 14: 'tenant' } },
  { id: 2, phone: '13800000002', password: 'paywatt-demo', locale: 'zh-CN', stage: 'change_password', shops: { 11: 'tenant' } },
  { id: 3, phone: '13700000007', password: 'paywatt-demo', locale: 'zh-CN', stage: 'full', shops: { 11: 'payer' } },
  { id: 4, phone: '13900000009', password: null, locale: 'zh-CN', stage: 'full', shops: {} },
];
const masked = (phone) => `${phone.slice(0, 3)}****${phone.slice(-4)}`;
const channels = [
  { channel: 'wechat', merchant: 'main', scenes: ['qr', 'phone', 'in_app'], available: true },
  { channel: 'alipay', merchant: 'main', scenes: ['qr', 'phone', 'page'], available: true },
  { channel: 'unionpay', merchant: 'main', scenes: ['phone', 'page'], available: true },
];
const bindings = [
  { id: 1, source: 'contact', role: 'tenant', name: '李丽', phone_masked: '138****0001', phone: '13800000001', since_at: ago(9e6) },
  { id: 2, source: 'code', role: 'tenant', name: '', phone_masked: '136****4412', phone: '', since_at: ago(4e5) },
  { id: 3, source: 'tenant', role: 'payer', name: '', phone_masked: '137****0007', phone: '13700000007', since_at: ago(8e4) },
];
const bindingsOf = (session) => ({ items: bindings.map(({ phone, ...rest }) => ({ ...rest, mine: phone === session.who.phone })) });

const purchases = [];
const tokens = new Map();
const step_ms = { creating: 300, paid: 1000, writing: 1200 };
function purchaseMake(body, supply, token = null) {
  const one = {
    id: purchases.length + 1, number: `PW2026112200${String(purchases.length + 1).padStart(4, '0')}`, supply_id: supply.supply_id, unit_number: supply.unit_number, shop_name: supply.shop_name,
    meter_number: token ? '' : '20231107000215', amount_fen: body.amount_fen, channel: body.channel, scene: body.scene, state: 'creating', held_reason: null, offer: null, expires_at: iso(Date.now() + 9e5),
    created_at: now(), paid_at: null, writing_at: null, delivered_at: null, power_at: null, purchase_count: null, changed_at: now(), moved_ms: Date.now(),
  };
  purchases.push(one);
  if (token) tokens.set(token, one);
  return one;
}
function offerOf(one) {
  const text = `${one.origin}/api/v1/tenant/mock/pay/${one.id}`;
  if (one.scene === 'qr') return { kind: 'qr', text: `weixin://wxpay/bizpayurl?pr=${one.id}xyzABC` };
  if (one.scene === 'in_app') return { kind: 'client', fields: [{ name: 'appId', value: 'wx0' }, { name: 'package', value: `prepay_id=${one.id}` }] };
  if (one.channel === 'unionpay') return { kind: 'form', text, fields: [{ name: 'orderId', value: one.number }] };
  return { kind: 'redirect', text };
}
/** Time moves a purchase on, as providers and pollers do. */
function moved(one) {
  const waited = Date.now() - one.moved_ms;
  const to = (state, more = {}) => Object.assign(one, { state, changed_at: now(), moved_ms: Date.now(), ...more });
  if (one.state === 'creating' && waited > step_ms.creating) to('open', { offer: offerOf(one) });
  else if (one.state === 'paid' && waited > step_ms.paid) to('writing', { writing_at: now() });
  else if (one.state === 'writing' && waited > step_ms.writing) to('delivered', { delivered_at: now(), power_at: one.supply_id === 12 ? now() : null, purchase_count: one.meter_number ? 18 : null });
  const { moved_ms, origin, ...seen } = one;
  return { ...seen, offer: one.state === 'open' ? one.offer : null };
}
const settle = (one) => ['creating', 'open'].includes(one.state) && Object.assign(one, { state: 'paid', offer: null, paid_at: now(), moved_ms: Date.now(), changed_at: now() });
const purchaseOf = (id) => purchases[id - 1] ?? (() => { throw new Problem(404, 'not_found'); })();
for (let n = 0; n < 23; n += 1) {
  const one = purchaseMake({ amount_fen: 5000 + n * 2500, channel: ['wechat', 'alipay', 'unionpay', 'cash'][n % 4], scene: 'phone' }, shops[0]);
  const at = ago(4e4 + (23 - n) * 9e4);
  const ends = [{ state: 'delivered', paid_at: at, writing_at: at, delivered_at: at, purchase_count: n }, { state: 'closed' }, { state: 'refunded', paid_at: at }, { state: 'held', held_reason: 'wrong_amount', paid_at: at }];
  Object.assign(one, { created_at: at }, ends[n % 7 === 3 ? 1 : n % 7 === 5 ? 2 : n === 20 ? 3 : 0]);
}

function quote(query) {
  const amount_fen = Number(query.get('amount_fen'));
  const supply_id = Number(query.get('supply_id'));
  const debt_fen = supply_id === 12 ? 1240 : 0;
  const usable_fen = Math.max(0, amount_fen - debt_fen);
  const warnings = supply_id === 13 ? ['silent', 'stale'] : [];
  const why_not = amount_fen < 1000 ? 'below_minimum' : amount_fen > 300_000 ? 'over_hoard' : '';
  const energy_wh = Math.floor((usable_fen * 10_000) / 90);
  return {
    supply_id, account_id: 1, amount_fen, allowed: !why_not, why_not, warnings, must_confirm: warnings.filter((one) => one === 'silent'), room_fen: 300_000, min_fen: 1000, debt_fen, usable_fen,
    balance_after_fen: 18760 + usable_fen, stale: supply_id === 13, energy_wh,
    lines: [{ step: 1, rate: 'peak', price_e4: 11_200, energy_wh: Math.floor(energy_wh / 3) }, { step: 1, rate: 'flat', price_e4: 9_000, energy_wh: Math.floor(energy_wh / 3) }, { step: 1, rate: 'valley', price_e4: 4_300, energy_wh: Math.floor(energy_wh / 3) }],
  };
}

function usageRow(date, scale, n) {
  const energy_wh = Math.round((38_000 + 9_000 * Math.sin(n * 1.3) + 4_000 * Math.sin(n * 0.37)) * scale);
  const [sharp, peak, flat] = [0.08, 0.34, 0.36].map((share) => Math.round(energy_wh * share));
  return { date, energy_wh, energy_sharp_wh: sharp, energy_peak_wh: peak, energy_flat_wh: flat, energy_valley_wh: energy_wh - sharp - peak - flat, cost_fen: Math.round((energy_wh * 9) / 100), estimated: n % 9 === 4 };
}
function usage(query) {
  const step = query.get('step');
  const [from, to] = [query.get('from'), query.get('to')];
  const items = [];
  const last = iso(Date.now() - 8.64e7).slice(0, 10);
  if (step === 'day') for (let at = Date.parse(from), n = 0; iso(at).slice(0, 10) <= to && iso(at).slice(0, 10) <= last; at += 8.64e7, n += 1) items.push(usageRow(iso(at).slice(0, 10), 1, n));
  else if (step === 'month') for (let n = 1; n <= 12 && `${from.slice(0, 4)}-${String(n).padStart(2, '0')}` <= last.slice(0, 7); n += 1) items.push(usageRow(`${from.slice(0, 4)}-${String(n).padStart(2, '0')}`, 30, n));
  else for (let year = Number(last.slice(0, 4)) - 1; year <= Number(last.slice(0, 4)); year += 1) items.push(usageRow(String(year), 365, year));
  const shown = Number(query.get('supply_id')) === 14 ? [] : items;
  const sum = (name) => shown.reduce((all, row) => all + row[name], 0);
  return { items: shown, total_wh: sum('energy_wh'), total_fen: sum('cost_fen') };
}
function day(query) {
  if (query.get('date') >= now().slice(0, 10)) return { items: [] };
  const row = usageRow(query.get('date'), 1, 3);
  return {
    items: [{
      opening_wh: 8_123_450, closing_wh: 8_123_450 + row.energy_wh, opening_fen: 22_708, paid_in_fen: 0, used_fen: row.cost_fen, refunded_fen: 0, corrected_fen: 0, closing_fen: 22_708 - row.cost_fen, expected_fen: row.cost_fen,
      difference: 'same', difference_fen: 0, estimated: false, used_wh: row.energy_wh, used_sharp_wh: row.energy_sharp_wh, used_peak_wh: row.energy_peak_wh, used_flat_wh: row.energy_flat_wh, used_valley_wh: row.energy_valley_wh,
    }],
  };
}
function curve(query) {
  const from = Date.parse(query.get('from'));
  const items = [];
  for (let n = 0; n < 96; n += 1) items.push({ at: iso(from + n * 9e5), power_w: Math.round(900 + 2600 * Math.exp(-(((n - 48) / 14) ** 2)) + 2100 * Math.exp(-(((n - 76) / 7) ** 2)) + 150 * Math.sin(n)), balance_fen: null, energy_wh: null, relay: 'closed' });
  return { items, step_s: 900, rate_bands: [[0, 480, 'valley'], [480, 660, 'peak'], [660, 1080, 'flat'], [1080, 1260, 'sharp'], [1260, 1440, 'flat']].map(([from_minute, to_minute, rate]) => ({ from_minute, to_minute, rate })) };
}

const sessionOf = (who) => ({
  who, csrf_token: randomUUID(), expires_at: iso(Date.now() + 2.6e9), stage: who.stage,
});
const seen = (session) => ({
  person: { id: session.who.id, phone_masked: masked(session.who.phone), locale: session.who.locale, has_password: session.who.password !== null }, stage: session.who.stage, csrf_token: session.csrf_token, expires_at: session.expires_at,
  site: { code: site.code ?? 'AEG', name: site.name, name_en: site.name_en, time_zone: site.time_zone }, shops: shops.filter((one) => session.who.shops[one.supply_id]).map((one) => ({ ...one, role: session.who.shops[one.supply_id] })),
});
const own = (session, query) => {
  const id = Number(query.get('supply_id'));
  if (!session.who.shops[id]) throw new Problem(404, 'not_found');
  return id;
};
const asTenant = (session, query) => {
  if (session.who.shops[own(session, query)] !== 'tenant') throw new Problem(404, 'not_found');
};
function logIn({ body }) {
  const who = people.find((one) => one.phone === body.phone);
  if (!/^1\d{10}$/.test(body.phone ?? '')) throw new Problem(400, 'invalid_field', 'phone', 'phone');
  if (!who || !(body.code === '123456' || (body.password && body.password === who.password))) throw new Problem(401, 'unauthenticated');
  return sessionOf(who);
}
const sticker = () => ({ unit_number: shops[0].unit_number, shop_name: shops[0].shop_name, min_fen: 1000, room_fen: 300_000, stale: false, channels });
const stickerCheck = (word) => { if (word !== 'QQQQQQQQ2345') throw new Problem(404, 'not_found'); };

/** `open` routes need no session; :id a number, :word anything without a slash. */
export const tenant_routes = {
  'POST /session': { open: true, run: logIn },
  'GET /session': { run: ({ session }) => seen(session) },
  'DELETE /session': { run: () => undefined },
  'POST /session/code': { open: true, run: ({ body }) => { if (!/^1\d{10}$/.test(body.phone ?? '')) throw new Problem(400, 'invalid_field', 'phone', 'phone'); return { status: 202, body: { wait_s: 60, life_s: 300 } }; } },
  'POST /session/locale': { run: ({ body, session }) => { session.who.locale = body.locale; return seen(session); } },
  'POST /session/password': { run: ({ body, session }) => {
    if (session.who.password && body.old_password !== session.who.password) throw new Problem(400, 'invalid_field', 'old', 'old_password');
    if (body.new_password.length < 10) throw new Problem(400, 'invalid_field', 'short', 'new_password');
    Object.assign(session.who, { password: body.new_password, stage: 'full' });
    return seen(session);
  } },
  'GET /home': { run: ({ query, session }) => { asTenant(session, query); const id = own(session, query); const open = purchases.filter((one) => one.supply_id === id && ['creating', 'open', 'paid', 'writing'].includes(moved(one).state)).at(-1); return { ...shops.find((one) => one.supply_id === id), ...homes[id](), open_purchase_id: open?.id ?? null, server_at: now() }; } },
  'GET /channels': { run: () => ({ items: channels }) },
  'GET /quote': { run: ({ query, session }) => { const id = own(session, query); const told = quote(query); return session.who.shops[id] === 'tenant' ? told : { ...told, debt_fen: null, usable_fen: null, balance_after_fen: null, energy_wh: null, lines: [] }; } },
  'GET /purchases': { run: ({ query, session }) => { const id = own(session, query); const list = purchases.filter((one) => one.supply_id === id && one.meter_number).map(moved).reverse(); const from = Number(query.get('cursor') ?? 0); return { items: list.slice(from, from + 20), next_cursor: from + 20 < list.length ? String(from + 20) : null }; } },
  'POST /purchases': { run: ({ body, origin }) => { const one = purchaseMake(body, shops.find((shop) => shop.supply_id === body.supply_id)); one.origin = origin; return { status: 202, body: moved(one) }; } },
  'GET /purchases/:id': { run: ({ id }) => moved(purchaseOf(id)) },
  'POST /purchases/:id/cancel': { run: ({ id }) => { const one = purchaseOf(id); if (!['creating', 'open'].includes(one.state)) throw new Problem(409, 'conflict'); return moved(Object.assign(one, { state: 'closed' })); } },
  'GET /supplies/:id/bindings': { run: ({ session }) => bindingsOf(session) },
  'POST /supplies/:id/bindings/end': { run: ({ body }) => void bindings.splice(bindings.findIndex((one) => one.source === body.source && one.id === body.id), 1) },
  'POST /supplies/:id/payers': { run: ({ body, session }) => { if (!/^1\d{10}$/.test(body.phone)) throw new Problem(400, 'invalid_field', 'phone', 'phone'); bindings.push({ id: bindings.length + 9, source: 'tenant', role: 'payer', name: '', phone: body.phone, phone_masked: masked(body.phone), since_at: now() }); return { status: 201, body: bindingsOf(session) }; } },
  'POST /bindings': { run: ({ body, session }) => { if (body.code.replace(/\W/g, '').toUpperCase() !== 'ABCD2345') throw new Problem(400, 'code_wrong', '', 'code'); session.who.shops[11] = 'tenant'; return seen(session); } },
  'GET /usage': { run: ({ query, session }) => { asTenant(session, query); return usage(query); } },
  'GET /usage/day': { run: ({ query }) => day(query) },
  'GET /usage/curve': { run: ({ query }) => curve(query) },
  'GET /pay/purchases/:word': { open: true, run: ({ word }) => moved(tokens.get(word) ?? (() => { throw new Problem(404, 'not_found'); })()) },
  'GET /pay/:word': { open: true, run: ({ word }) => { stickerCheck(word); return sticker(); } },
  'POST /pay/:word/purchases': { open: true, run: ({ word, body, origin }) => { stickerCheck(word); const token = randomBytes(32).toString('base64url'); const one = purchaseMake(body, shops[0], token); one.origin = origin; return { status: 202, body: { token, purchase: moved(one) } }; } },
  // The providers' pages: opening one is paying.
  'GET /mock/pay/:id': { open: true, run: ({ id }) => { settle(purchaseOf(id)); return { status: 302, location: '/m/back' }; } },
  'POST /mock/pay/:id': { open: true, run: ({ id }) => { settle(purchaseOf(id)); return { status: 302, location: '/m/back' }; } },
  // For tests: a purchase as it is after something else happened to it.
  'POST /mock/purchases/:id': { open: true, run: ({ id, body }) => moved(Object.assign(purchaseOf(id), body, { moved_ms: Date.now() })) },
};
export const tenantSeen = seen;
