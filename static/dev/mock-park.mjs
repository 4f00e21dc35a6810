// The sample park with made-up readings, for front-end development only. Never shipped.
import { readFileSync } from 'node:fs';

const file = new URL('../../schema/sample-park/park.csv', import.meta.url);
const rows = {};
for (const line of readFileSync(file, 'utf8').split('\n')) {
  if (!line || line.startsWith('#')) continue;
  const [noun, ...cells] = line.split(',');
  (rows[noun] ??= []).push(cells);
}

let seed = 7;
export function random() {
  seed = (seed + 0x6d2b79f5) | 0;
  let x = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
  return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
}
const between = (low, high) => Math.round(low + random() * (high - low));
export const iso = (ms) => new Date(ms).toISOString();
const edges = '阿八嚓哒妸发旮哈讥咔垃妈拏噢妑七呥仨他屲夕丫帀'.split('');
const letters = 'ABCDEFGHJKLMNOPQRSTWXYZ';
const collator = new Intl.Collator('zh-Hans-CN-u-co-pinyin');
const initials = (words) =>
  [...words].map((c) => {
    if (!/[\u4e00-\u9fff]/.test(c)) return c.toUpperCase();
    let at = 0;
    edges.forEach((edge, n) => { if (collator.compare(c, edge) >= 0) at = n; });
    return letters[at];
  }).join('');

const site_row = rows.site[0];
export const site = { code: site_row[0], name: site_row[1], name_en: site_row[2], time_zone: site_row[3] };
export const buildings = rows.building.map(([code, name], n) => ({ id: n + 1, code, name }));
export const floors = rows.floor.map(([building, code, name, position], n) => ({
  id: n + 1, building_id: buildings.find((b) => b.code === building).id, code, name, position: Number(position), units: 0,
}));
export const rooms = rows.room.map(([code, name], n) => ({ id: n + 1, code, name }));
export const gateways = rows.gateway.map(([code, name, room, host], n) => ({
  id: n + 1, code, name, host, room, state: n === 3 ? 'silent' : 'ok', since_at: iso(Date.now() - (n === 3 ? 1.3e6 : 8e8)), lines: [],
}));
export const lines = rows.line.map(([code, name, gateway, link, port, , baud, parity, stop_bits, , , cycle_s], n) => {
  const g = gateways.find((one) => one.code === gateway);
  g.lines.push(n + 1);
  return {
    id: n + 1, code, name, gateway_id: g.id, link, address_text: `${g.host}:${port}`, baud: Number(baud), parity, stop_bits: Number(stop_bits),
    cycle_s: Number(cycle_s), read_only: n === 2, enabled: true, meters: 0, meters_silent: 0, state: g.state === 'silent' ? 'silent' : 'ok',
    cycle_ms: 4700 + n * 40, bound_ms: 4620 + n * 32, cycle_ratio_percent: 102, transactions: 182000 + n * 77, timeouts: n * 3, crc_errors: n % 4,
    foreign_frames: n % 2, late_frames: n % 3, exceptions: 0, reconnects: n % 2, commands_pending: 0, heartbeat_at: iso(Date.now()),
  };
});
const load_of = { 餐饮: 14000, 超市: 22000, 服装: 3600, 美容: 5200, 数码: 4100 };
const supply_of = new Map(rows.supply.map((s) => [s[1], s]));
const unit_of = new Map(rows.unit.map((u, n) => [u[0], [...u, n + 1]]));

export const meters = rows.meter.map(([number, line, address, model, serial_number, ct, pt, external], n) => {
  const [unit_number, , is_protected, by_hand] = supply_of.get(number);
  const [, building, floor, trade, unit_state, shop_name, , unit_id] = unit_of.get(unit_number);
  const b = buildings.find((one) => one.code === building);
  const f = floors.find((one) => one.building_id === b.id && one.code === floor);
  const l = lines.find((one) => one.code === line);
  f.units += 1;
  l.meters += 1;
  const lot = random();
  const silent = l.state === 'silent' ? lot < 0.9 : lot > 0.992;
  const balance_fen = shop_name ? lot > 0.93 && lot < 0.95 ? between(-4000, -100) : between(1500, 320000) : 0;
  const tripped = balance_fen < 0 || (by_hand === '1' && lot > 0.8);
  const keep_on = !tripped && lot > 0.955 && lot < 0.963;
  const locked_out = lot > 0.975 && lot < 0.982;
  if (silent) l.meters_silent += 1;
  const m = {
    id: n + 1, supply_id: 1000 + n, number, unit_id, unit_number, shop_name, shop_pinyin: initials(shop_name), trade, unit_state: { 营业: 'open', 空置: 'vacant', 装修: 'fitting_out', 临时: 'temporary' }[unit_state] ?? 'open',
    building_id: b.id, floor_id: f.id, room_id: gateways.find((g) => g.id === l.gateway_id) ? rooms.findIndex((r) => r.code === gateways.find((g) => g.id === l.gateway_id).room) + 1 : 1,
    line_id: l.id, protected: is_protected === '1', close_by_hand: by_hand === '1' && tripped, locked_out, frozen: n === 200, read_only: l.read_only,
    relay: tripped || locked_out ? 'open' : 'closed', forced: keep_on ? 'keep_on' : locked_out ? 'trip' : 'none',
    state: 'closed', keep_on_until_at: keep_on ? iso(Date.now() + 5.4e7) : null,
    level: balance_fen < 0 ? 3 : balance_fen < 3000 ? 2 : balance_fen < 10000 ? 1 : 0,
    balance_fen, balance_energy_wh: Math.round(balance_fen * 9.2), power_w: tripped || locked_out ? 0 : between(200, load_of[trade] ?? 4000),
    energy_wh: between(2e6, 9e7), energy_today_wh: between(4000, 180000), purchase_count: between(1, 30),
    taken_at: iso(Date.now() - (silent ? between(7e5, 8e6) : between(200, 5200))), stale: silent, pending_command: null,
    serial_number, model_code: model, address: Number(address), ct_ratio: Number(ct), pt_ratio: Number(pt), external_control: external === '1', silent,
    changed: 1,
  };
  m.state = stateOf(m);
  return m;
});

function stateOf(m) {
  if (m.stale) return 'stale';
  if (m.locked_out) return 'locked_out';
  if (m.close_by_hand) return 'close_by_hand';
  if (m.forced === 'keep_on') return 'keep_on';
  return m.relay === 'closed' ? 'closed' : 'tripped';
}

let clock = 1;
export const cursor = () => clock;
/** Every second a third of the living meters get a new reading. */
export function tick() {
  clock += 1;
  for (const m of meters) {
    if (m.silent || (m.id + clock) % 3) continue;
    m.taken_at = iso(Date.now() - 300);
    if (m.relay === 'closed') {
      m.power_w = Math.max(60, Math.round(m.power_w * (0.96 + random() * 0.08)));
      m.balance_fen -= random() > 0.7 ? 1 : 0;
    } else m.power_w = 0;
    m.state = stateOf(m);
    m.changed = clock;
  }
  for (const l of lines) if (l.state === 'ok') l.heartbeat_at = iso(Date.now());
}
export function touch(m) {
  m.state = stateOf(m);
  m.changed = clock + 1;
}
const hidden = new Set(['changed', 'silent', 'serial_number', 'model_code', 'address', 'ct_ratio', 'pt_ratio', 'external_control']);
export const rowOf = (m) => Object.fromEntries(Object.entries(m).filter(([name]) => !hidden.has(name)));
