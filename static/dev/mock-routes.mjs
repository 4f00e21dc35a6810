// The routes of the mock. One row a route; a handler returns the body, { status, body }, or undefined for 204.
import { randomUUID } from 'node:crypto';
import { buildings, cursor, floors, gateways, iso, lines, meters, random, rooms, rowOf, site, touch } from './mock-park.mjs';
import { moneyToPower, money_routes } from './mock-money.mjs';

export class Problem extends Error {
  constructor(status, code, detail = '', field = undefined) {
    super(code);
    Object.assign(this, { status, code, detail, field });
  }
}
const now = () => iso(Date.now());
const ago = (s) => iso(Date.now() - s * 1000);
const view = ['park.view', 'alarm.view', 'approval.view', 'account.view', 'purchase.view'];
const roles = [
  { code: 'administrator', name_zh: '管理员', name_en: 'Administrator', permissions: [...view, 'meter.switch', 'meter.read_now', 'keep_on.set', 'lock_out.set', 'lock_out.override', 'approval.decide', 'field.approve', 'money.approve', 'line.configure', 'import.run', 'user.manage', 'audit.view', 'supply.unfreeze', 'account.view', 'purchase.view', 'refund.request', 'suspense.decide', 'swap.manage', 'document.add'] },
  { code: 'finance', name_zh: '财务', name_en: 'Finance', permissions: [...view, 'meter.read_now', 'account.manage'] },
  { code: 'engineer', name_zh: '工程', name_en: 'Engineer', permissions: [...view, 'meter.switch', 'meter.read_now', 'keep_on.set', 'lock_out.set', 'approval.decide', 'field.approve'] },
  { code: 'auditor', name_zh: '审计', name_en: 'Auditor', permissions: [...view, 'audit.view'] },
];
const user = (id, name, display_name, role, more = {}) => ({ id, name, display_name, role, state: 'active', totp_enrolled: true, locked_until_at: null, last_login_at: ago(id * 4000), created_at: ago(9e6), stage: 'full', locale: 'zh-CN', ...more });
const users = [
  user(1, 'admin', '周敏', 'administrator'),
  user(2, 'engineer', '王建国', 'engineer'),
  user(3, 'finance', '李丽', 'finance'),
  user(4, 'auditor', '陈思远', 'auditor'),
  user(5, 'newbie', '赵一鸣', 'engineer', { totp_enrolled: false, stage: 'change_password', last_login_at: null }),
  user(6, 'zhanglei', '张磊', 'engineer', { locked_until_at: iso(Date.now() + 6e5) }),
  user(7, 'oldhand', '孙涛', 'finance', { state: 'disabled', last_login_at: ago(8e6) }),
];
const publicUser = ({ stage, locale, ...rest }) => rest;
const sessionOf = (u) => ({ user: { id: u.id, name: u.name, display_name: u.display_name, role: u.role, locale: u.locale }, stage: u.stage, permissions: roles.find((r) => r.code === u.role).permissions, csrf_token: randomUUID(), expires_at: iso(Date.now() + 2.88e7), site, version: '0.1.0' });
const find = (list, id) => list.find((one) => one.id === id) ?? (() => { throw new Problem(404, 'not_found'); })();
const page = (list, query) => {
  const from = Number(query.get('cursor') ?? 0);
  const limit = Math.min(200, Number(query.get('limit') ?? 50));
  return { items: list.slice(from, from + limit), next_cursor: from + limit < list.length ? String(from + limit) : null };
};
const restage = (session, u) => Object.assign(session, { stage: u.stage, user: { ...session.user, locale: u.locale } });

const commands = [];
const lock_outs = [];
const by_state = (state) => meters.filter((m) => m.state === state);
const named = (m) => ({ supply_id: m.supply_id, meter_id: m.id, unit_number: m.unit_number, shop_name: m.shop_name });
by_state('locked_out').forEach((m, n) => lock_outs.push({ id: n + 1, ...named(m), holder_id: n % 2 ? 2 : 6, holder_name: n % 2 ? '王建国' : '张磊', reason: '更换开关,柜内作业', state: 'active', created_at: ago(5400 + n * 900), lifted_at: null, lifted_by_name: null, trip_state: 'confirmed' }));
const approvals = [
  { kind: 'trip_protected', m: meters.find((m) => m.protected), maker: users[1], reason: '消防维保,联系人刘工' },
  { kind: 'lift_lock_out', m: by_state('locked_out')[0] ?? meters[9], maker: users[0], reason: '持锁人已离岗,现场已确认无人作业' },
  { kind: 'trip_protected', m: meters.filter((m) => m.protected)[2], maker: users[1], reason: '扶梯年检', state: 'approved' },
  { kind: 'trip_protected', m: meters.filter((m) => m.protected)[3], maker: users[1], reason: '误选', state: 'rejected' },
].map(({ kind, m, maker, reason, state = 'open' }, n) => ({
  id: n + 1, kind, summary_zh: kind === 'trip_protected' ? `对重要负荷 ${m.unit_number} ${m.shop_name} 分闸。通过后立即断电,电梯、冷库或消防设备将停止运行。` : `解除 ${m.unit_number} ${m.shop_name} 的检修锁定(持锁人 张磊)。通过后该供电点可以重新合闸。`,
  summary_en: kind === 'trip_protected' ? `Trip the protected supply ${m.unit_number} ${m.shop_name}. If approved the power goes off at once; lifts, cold stores or fire equipment will stop.` : `Lift the lock-out of ${m.unit_number} ${m.shop_name} (held by Zhang Lei). If approved this supply may be closed again.`,
  object_kind: 'supply', object_id: m.supply_id, unit_number: m.unit_number, shop_name: m.shop_name, meter_id: m.id, maker_id: maker.id, maker_name: maker.display_name, made_at: ago(600 + n * 4000), expires_at: iso(Date.now() + 3e6 - n * 1e5), state,
  decided_by_name: state === 'open' ? null : '周敏', decided_at: state === 'open' ? null : ago(300 + n * 3000), reason, decision_reason: state === 'open' ? null : '已与现场核对', command_id: null,
}));
const alarm = (id, kind, zh, en, level, s, closed = null) => ({ id, kind, object_kind: kind === 'gateway_silent' ? 'gateway' : kind === 'line_errors' ? 'line' : 'meter', object_id: id, title_zh: zh, title_en: en, object_label: '', detail: '', level: { info: 1, warning: 2, critical: 3 }[level], opened_at: ago(s), closed_at: closed });
const alarms = [
  alarm(4, 'gateway_silent', '通讯管理机 GW4 失联,影响 3 条总线', 'Gateway GW4 is silent; 3 lines affected', 'critical', 1300),
  ...by_state('stale').slice(0, 6).map((m, n) => alarm(m.id, 'meter_stale', `${m.unit_number} ${m.shop_name} 数据过期`, `${m.unit_number} ${m.shop_name}: data is stale`, 'warning', 1400 + n * 777)),
  alarm(3, 'line_errors', '总线 L03 校验错误增多', 'Line L03: rising CRC errors', 'info', 86400),
];
const alarms_closed = meters.slice(20, 90).map((m, n) => alarm(m.id, 'meter_stale', `${m.unit_number} ${m.shop_name} 数据过期`, `${m.unit_number} ${m.shop_name}: data is stale`, 'warning', 9000 + n * 7000, ago(8000 + n * 7000)));

const verbs = [['command.request', 'supply', '分闸:欠费超过三天', { relay: 'closed' }, { relay: 'open' }], ['session.open', 'user', null, null, null], ['lock_out.create', 'supply', '更换开关', null, { state: 'active' }], ['line.set_writable', 'line', '试运行结束', { writable: false }, { writable: true }], ['user.role', 'user', '转岗', { role: 'finance' }, { role: 'engineer' }], ['import.commit', 'import', null, null, { rows: 1180 }], ['approval.approve', 'approval', '已与现场核对', { state: 'open' }, { state: 'approved' }]];
const audit = Array.from({ length: 320 }, (_, n) => {
  const [action, object_kind, reason, before, after] = verbs[(n * 5) % verbs.length];
  const u = users[n % 4];
  const m = meters[(n * 13) % 375];
  return { id: 5000 - n, at: ago(n < 2 ? n * 4 : n * 640), actor_name: u.display_name, role: u.role, ip: `10.20.1.${20 + (n % 9)}`, action, object_kind, object_id: m.id, object_label: object_kind === 'supply' ? `${m.unit_number} ${m.shop_name}` : object_kind === 'user' ? u.display_name : `#${(n % 12) + 1}`, reason, before, after, result: n % 37 === 5 ? 'refused' : 'ok', chained: n > 1 };
});

const imports = [];
const nouns = ['site', 'building', 'floor', 'unit', 'room', 'gateway', 'line', 'meter', 'supply'];
function importMake({ raw, sha256, file_name }, who) {
  const rows = raw.split(/\r?\n/).map((text, n) => [n + 1, text]).filter(([, text]) => text && !text.startsWith('#')).map(([line_number, text]) => {
    const [noun, ...cells] = text.split(',');
    const wrong = !nouns.includes(noun);
    const key = noun === 'floor' ? `${cells[0]}/${cells[1]}` : cells[0] ?? '';
    return { line_number, noun, key, verdict: wrong ? 'error' : line_number % 41 === 0 ? 'change' : line_number % 7 ? 'new' : 'same', message_zh: wrong ? `第 ${line_number} 行:不认识的类别“${noun}”` : line_number % 41 === 0 ? '店名由“旧店”改为新值' : '', message_en: wrong ? `line ${line_number}: unknown noun "${noun}"` : line_number % 41 === 0 ? 'shop name changes' : '', probe: 'none', probe_text: null };
  });
  const errors = rows.filter((r) => r.verdict === 'error').length;
  const made = { id: imports.length + 1, file_name, sha256, state: 'checked', rows_total: rows.length, rows_ok: rows.length - errors, rows_warning: 0, rows_error: errors, created_by_name: who, created_at: now(), committed_at: null, undone_at: null, rows };
  imports.unshift(made);
  return made;
}
const brief = ({ rows, ...rest }) => rest;

function meterOf(m) {
  const l = lines[m.line_id - 1];
  const g = gateways[l.gateway_id - 1];
  const third = Math.round(m.power_w / 3);
  const amp = Math.round((third / 228) * 1000 * 1.04);
  const action = (kind, why_not = null) => ({ kind, offered: !why_not, why_not, needs_second_person: kind === 'trip' && m.protected, needs_unit_number: kind === 'trip', proven: kind !== 'keep_on' });
  const why = l.read_only ? 'read_only_line' : m.frozen ? 'frozen_supply' : null;
  const arrears = m.balance_fen < 0 ? 'arrears' : null;
  return {
    ...rowOf(m), serial_number: m.serial_number, model_code: m.model_code, model_name: 'DTSY1352-NK', maturity: 'experimental', address: m.address, line: { id: l.id, code: l.code, name: l.name, read_only: l.read_only },
    gateway: { id: g.id, code: g.code, name: g.name }, room: rooms[m.room_id - 1]?.name ?? '', building: buildings[m.building_id - 1].name, floor: floors[m.floor_id - 1].name, ct_ratio: m.ct_ratio, pt_ratio: m.pt_ratio, external_control: m.external_control, epoch: 1,
    live: { voltage_a_mv: 228400, voltage_b_mv: 229100, voltage_c_mv: 227600, current_a_ma: amp, current_b_ma: Math.round(amp * 0.96), current_c_ma: Math.round(amp * 1.05), power_a_w: third, power_b_w: third, power_c_w: m.power_w - 2 * third, power_w: m.power_w, reactive_var: Math.round(m.power_w * 0.2), power_factor_milli: 972, energy_wh: m.energy_wh, energy_sharp_wh: Math.round(m.energy_wh * 0.12), energy_peak_wh: Math.round(m.energy_wh * 0.38), energy_flat_wh: Math.round(m.energy_wh * 0.36), energy_valley_wh: Math.round(m.energy_wh * 0.14), max_demand_w: m.power_w * 2, max_demand_at_text: '11-21 19:30', status_bits: 0x11, fault: false, over_limit: false, arrears: m.level === 3, alarm1: m.level > 0, alarm2: m.level > 1, fee_control: true, load_control: false, time_control: false, load_trip_count: 0, load_trip_allowed: 3, meter_clock_at: ago(11) },
    parameters: { read_at: ago(1900), price_sharp_e4: 14210, price_peak_e4: 12130, price_flat_e4: 8030, price_valley_e4: 4120, rate_now: 'flat', price_now_e4: 8030, tables_read_at: ago(1900), alarm1_fen: 10000, alarm2_fen: 3000, overdraft_fen: 0, fee_control_enabled: true, run_word: 0x21, encrypted: false },
    actions: [action('read'), action('close', why ?? (m.locked_out ? 'locked_out' : m.external_control ? 'close_by_hand' : arrears)), action('keep_on', why ?? (m.locked_out ? 'locked_out' : null)), action('release', why), action('trip', why)],
    lock_out: lock_outs.find((k) => k.meter_id === m.id && k.state === 'active') ?? null, errors: { timeouts: m.id % 5, crc: m.id % 2, foreign: 0, late: 0, exceptions: 0 },
  };
}
const shape = (hour) => 0.15 + 0.85 * Math.exp(-((hour - 12.5) ** 2) / 9) + 0.8 * Math.exp(-((hour - 19) ** 2) / 7);
const day_start = () => Math.floor((Date.now() + 2.88e7) / 8.64e7) * 8.64e7 - 2.88e7;

function commandMake(m, body, who, origin = 'manual') {
  const c = { id: commands.length + 1, ...named(m), kind: body.kind, origin, state: 'pending', reason: body.reason, requested_by_name: who, requested_at: now(), expires_at: iso(Date.now() + 6e4), taken_at: null, sent_at: null, ended_at: null, result_code: null, result_text_zh: null, result_text_en: null, keep_on_until_at: body.keep_on_until_at ?? null, superseded_by: null, evidence: null };
  commands.unshift(c);
  m.pending_command = c.kind;
  touch(m);
  setTimeout(() => Object.assign(c, { state: 'taken', taken_at: now() }), 400);
  setTimeout(() => Object.assign(c, { state: 'sent', sent_at: now() }), 900);
  setTimeout(() => {
    const before = m.relay;
    if (c.kind === 'trip') Object.assign(m, { relay: 'open', forced: 'trip', power_w: 0 });
    if (c.kind === 'close' || c.kind === 'release') Object.assign(m, { relay: 'closed', forced: 'none', keep_on_until_at: null, power_w: 2400 });
    if (c.kind === 'keep_on') Object.assign(m, { relay: 'closed', forced: 'keep_on', keep_on_until_at: c.keep_on_until_at, power_w: 2400 });
    m.pending_command = null;
    touch(m);
    Object.assign(c, { state: 'confirmed', ended_at: now(), result_code: 'ok', result_text_zh: '电表已证实', result_text_en: 'Proved by the meter', evidence: { relay_before: before, relay_after: m.relay, status_bits: 17, forced_word: 1, serial_number: m.serial_number, read_backs: 3, current_ma: m.relay === 'open' ? 0 : 4200 } });
  }, 2600);
  return c;
}
const meterBySupply = (id) => meters.find((m) => m.supply_id === id) ?? (() => { throw new Problem(404, 'not_found'); })();
const needUnit = (m, body) => { if (body.unit_number !== m.unit_number) throw new Problem(422, 'invalid_field', '铺位号不符', 'unit_number'); };

export const routes = {
  ...money_routes,
  'POST /session': ({ body }) => {
    const u = users.find((one) => one.name === body.name && one.state === 'active');
    if (u?.locked_until_at) throw new Problem(423, 'locked');
    if (!u || body.password !== (u.password ?? 'paywatt-demo')) throw new Problem(401, 'unauthenticated');
    if (u.totp_enrolled && !body.totp) throw new Problem(401, 'totp_required');
    if (u.totp_enrolled && body.totp !== '123456') throw new Problem(401, 'totp_wrong');
    return sessionOf(u);
  },
  'GET /session': ({ session }) => session,
  'DELETE /session': () => undefined,
  'POST /session/locale': ({ body, session }) => { const u = find(users, session.user.id); u.locale = body.locale; return restage(session, u); },
  'POST /session/password': ({ body, session }) => {
    const u = find(users, session.user.id);
    if (body.old_password !== (u.password ?? 'paywatt-demo')) throw new Problem(422, 'invalid_field', '原密码不正确', 'old_password');
    Object.assign(u, { password: body.new_password, stage: u.totp_enrolled ? 'full' : 'enrol_totp' });
    return restage(session, u);
  },
  'POST /session/totp/begin': () => ({ secret_base32: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', otpauth_uri: 'otpauth://totp/Paywatt:newbie?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Paywatt', qr_svg: qr() }),
  'POST /session/totp/finish': ({ body, session }) => {
    if (body.code !== '123456') throw new Problem(401, 'totp_wrong');
    const u = find(users, session.user.id);
    Object.assign(u, { totp_enrolled: true, stage: 'full' });
    return { recovery_codes: Array.from({ length: 10 }, () => `${rand5()}-${rand5()}`), session: restage(session, u) };
  },
  'GET /status': () => ({ database: 'ok', redis: 'ok', field: 'degraded', outside: 'unknown', poller_heartbeat_at: ago(1), server_at: now(), meters_total: 375, meters_read: 375, meters_stale: by_state('stale').length, oldest_reading_at: meters.reduce((a, m) => (m.taken_at < a ? m.taken_at : a), now()), oldest_reading_meter_id: 12, lines_total: 12, lines_read_only: lines.filter((l) => l.read_only).length, alarms_open: alarms.length, tasks_open: routes['GET /tasks']().items.length, experimental_models_accepted: true }),
  'GET /overview': () => {
    const sum = (list, name) => list.reduce((a, m) => a + m[name], 0);
    return {
      meters: { total: 375, online: 375 - by_state('stale').length, stale: by_state('stale').length, never: 0 },
      supplies: { closed: by_state('closed').length, tripped: by_state('tripped').length, keep_on: by_state('keep_on').length, locked_out: by_state('locked_out').length, close_by_hand: by_state('close_by_hand').length, frozen: meters.filter((m) => m.frozen).length, protected: meters.filter((m) => m.protected).length },
      load_w: sum(meters, 'power_w'), energy_today_wh: sum(meters, 'energy_today_wh'), balance_total_fen: sum(meters, 'balance_fen'), arrears_count: meters.filter((m) => m.level === 3).length, alarm1_count: meters.filter((m) => m.level === 1).length, alarm2_count: meters.filter((m) => m.level === 2).length,
      buildings: buildings.map((b) => { const own = meters.filter((m) => m.building_id === b.id); return { id: b.id, name: b.name, units: own.length, load_w: sum(own, 'power_w'), energy_today_wh: sum(own, 'energy_today_wh'), tripped: own.filter((m) => m.state === 'tripped').length, stale: own.filter((m) => m.stale).length }; }),
      load_curve: Array.from({ length: 96 }, (_, n) => ({ at: iso(day_start() + n * 9e5), power_w: day_start() + n * 9e5 > Date.now() ? null : Math.round(1.6e6 * shape(n / 4) * (0.97 + random() * 0.06)) })),
      commands_today: { confirmed: 41, refused: 3, unknown: 1, pending: 0 }, command_p95_ms: 1340, money_to_power: moneyToPower(),
    };
  },
  'GET /tasks': () => ({ items: [
    ...approvals.filter((a) => a.state === 'open').map((a) => ({ kind: 'approval', title_zh: `待复核:${a.unit_number}`, title_en: `To approve: ${a.unit_number}`, object_kind: 'approval', object_id: a.id, unit_number: a.unit_number, shop_name: null, since_at: a.made_at, severity: 'warning' })),
    { kind: 'silent_gateway', title_zh: '通讯管理机 GW4 失联', title_en: 'Gateway GW4 is silent', object_kind: 'gateway', object_id: 4, since_at: ago(1300), severity: 'critical' },
    ...by_state('close_by_hand').map((m) => ({ kind: 'close_by_hand', title_zh: '待人工合闸', title_en: 'Close by hand', object_kind: 'meter', object_id: m.id, unit_number: m.unit_number, shop_name: m.shop_name, since_at: ago(800), severity: 'warning' })),
    ...by_state('stale').slice(0, 5).map((m) => ({ kind: 'stale_meter', title_zh: '电表失联', title_en: 'Meter is silent', object_kind: 'meter', object_id: m.id, unit_number: m.unit_number, shop_name: m.shop_name, since_at: m.taken_at, severity: 'info' })),
    ...meters.filter((m) => m.frozen).map((m) => ({ kind: 'frozen_supply', title_zh: '供电点冻结:表号不符', title_en: 'Supply frozen: serial number differs', object_kind: 'meter', object_id: m.id, unit_number: m.unit_number, shop_name: m.shop_name, since_at: ago(50000), severity: 'critical' })),
    ...lines.filter((l) => l.read_only).map((l) => ({ kind: 'read_only_line', title_zh: `总线 ${l.code} 只读试运行`, title_en: `Line ${l.code} is read-only`, object_kind: 'line', object_id: l.id, since_at: ago(400000), severity: 'info' })),
  ] }),
  'GET /search': ({ query }) => {
    const q = (query.get('q') ?? '').trim().toUpperCase();
    const hits = meters.filter((m) => m.unit_number.toUpperCase().includes(q) || m.shop_name.toUpperCase().includes(q) || m.number.includes(q) || m.serial_number.includes(q) || m.shop_pinyin.includes(q));
    return { items: hits.slice(0, 20).map((m) => ({ kind: m.number.includes(q) || m.serial_number.includes(q) ? 'meter' : 'unit', id: m.id, supply_id: m.supply_id, unit_number: m.unit_number, shop_name: m.shop_name, meter_number: m.number, building: buildings[m.building_id - 1].name, floor: floors[m.floor_id - 1].name })) };
  },
  'GET /tree': () => ({ buildings: buildings.map((b) => ({ ...b, floors: floors.filter((f) => f.building_id === b.id).map(({ building_id, ...f }) => f) })), rooms }),
  'GET /meters': ({ query }) => {
    const since = Number(query.get('since') ?? 0);
    return { items: meters.filter((m) => m.changed > since).map(rowOf), cursor: String(cursor()), server_at: now(), complete: !since };
  },
  'GET /meters/:id': ({ id }) => meterOf(find(meters, id)),
  'GET /meters/:id/readings': ({ id, query }) => {
    const m = find(meters, id);
    const step = Number(query.get('step_s') ?? 900) * 1000;
    const from = Date.parse(query.get('from') ?? '') || day_start();
    const to = Math.min(Date.now(), Date.parse(query.get('to') ?? '') || Date.now());
    const peak = Math.max(1200, m.power_w);
    const items = [];
    for (let at = from; at <= to && items.length < 3000; at += step) items.push({ at: iso(at), power_w: Math.round(peak * shape(((at + 2.88e7) % 8.64e7) / 3.6e6) * (0.9 + random() * 0.2)), balance_fen: m.balance_fen + Math.round((to - at) / 6e5), energy_wh: m.energy_wh - Math.round((to - at) / 1000), relay: 'closed' });
    return { items, step_s: step / 1000, rate_bands: [[0, 480, 'valley'], [480, 600, 'flat'], [600, 720, 'peak'], [720, 840, 'flat'], [840, 1020, 'peak'], [1020, 1140, 'flat'], [1140, 1260, 'sharp'], [1260, 1440, 'flat']].map(([from_minute, to_minute, rate]) => ({ from_minute, to_minute, rate })) };
  },
  'GET /meters/:id/log': ({ id }) => ({ items: [...commands.filter((c) => c.meter_id === id).map((c) => ({ at: c.requested_at, kind: 'command', title: { trip: '分闸', close: '合闸', keep_on: '保电', release: '恢复预付费', read: '立即抄读' }[c.kind], title_en: c.kind, actor_name: c.requested_by_name, state: c.state, reason: c.reason, detail: null, command_id: c.id })), { at: ago(7000), kind: 'command', title: '分闸', title_en: 'Trip', actor_name: '王建国', state: 'confirmed', reason: '欠费', detail: null, command_id: null }, { at: ago(90000), kind: 'alarm', title: '仪表数据过期', title_en: 'Stale', actor_name: null, state: 'closed', reason: null, detail: '失联 12 分', command_id: null }], next_cursor: null }),
  'GET /gateways': () => ({ items: gateways }),
  'GET /lines': () => ({ items: lines }),
  'GET /lines/:id': ({ id }) => {
    const l = find(lines, id);
    return { ...l, meters: meters.filter((m) => m.line_id === id).map((m) => ({ meter_id: m.id, number: m.number, address: m.address, unit_number: m.unit_number, state: m.state, taken_at: m.taken_at, backoff_until_at: m.stale ? iso(Date.now() + 42000) : null, errors: m.id % 4 })), history: Array.from({ length: 60 }, (_, n) => ({ at: ago((60 - n) * 60), cycle_ms: Math.round(l.bound_ms * (1.01 + random() * 0.05)), bound_ms: l.bound_ms, errors: random() > 0.9 ? 1 : 0 })) };
  },
  'POST /lines/:id/writable': ({ id, body }) => Object.assign(find(lines, id), { read_only: !body.writable }),
  'GET /alarms': ({ query }) => page(query.get('state') === 'closed' ? alarms_closed : alarms, query),
  'POST /supplies/:id/commands': ({ id, body, session }) => {
    const m = meterBySupply(id);
    if (!body.reason) throw new Problem(422, 'invalid_field', '请填写原因', 'reason');
    if (m.read_only && body.kind !== 'read') throw new Problem(409, 'read_only_line');
    if (m.locked_out && body.kind !== 'read') throw new Problem(409, 'locked_out');
    if (body.kind === 'trip') needUnit(m, body);
    if (body.kind === 'trip' && m.protected) {
      const a = { ...approvals[0], id: approvals.length + 1, object_id: m.supply_id, unit_number: m.unit_number, maker_id: session.user.id, maker_name: session.user.display_name, made_at: now(), state: 'open', reason: body.reason };
      approvals.unshift(a);
      return { status: 202, body: { command: null, approval: a } };
    }
    return { status: 202, body: { command: commandMake(m, body, session.user.display_name), approval: null } };
  },
  'GET /commands': ({ query }) => page(commands.filter((c) => (!query.get('state') || c.state === query.get('state')) && (!query.get('meter_id') || c.meter_id === Number(query.get('meter_id')))), query),
  'GET /commands/:id': ({ id }) => find(commands, id),
  'POST /commands/:id/cancel': ({ id }) => Object.assign(find(commands, id), { state: 'cancelled', ended_at: now() }),
  'POST /supplies/:id/lock-outs': ({ id, body, session }) => {
    const m = meterBySupply(id);
    needUnit(m, body);
    const k = { id: lock_outs.length + 1, ...named(m), holder_id: session.user.id, holder_name: session.user.display_name, reason: body.reason, state: 'active', created_at: now(), lifted_at: null, lifted_by_name: null, trip_state: 'pending' };
    lock_outs.unshift(k);
    m.locked_out = true;
    setTimeout(() => (k.trip_state = 'confirmed'), 2700);
    return { status: 201, body: { lock_out: k, command: commandMake(m, { kind: 'trip', reason: body.reason }, session.user.display_name, 'lock_out') } };
  },
  'GET /lock-outs': ({ query }) => ({ items: lock_outs.filter((k) => k.state === (query.get('state') ?? 'active')), next_cursor: null }),
  'POST /lock-outs/:id/lift': ({ id, session }) => {
    const k = find(lock_outs, id);
    if (k.holder_id !== session.user.id) return { lock_out: null, approval: approvals[1] };
    Object.assign(k, { state: 'lifted', lifted_at: now(), lifted_by_name: session.user.display_name });
    const m = find(meters, k.meter_id);
    m.locked_out = false;
    touch(m);
    return { lock_out: k, approval: null };
  },
  'GET /keep-ons': () => ({ items: meters.filter((m) => m.forced === 'keep_on').map((m) => ({ ...named(m), owner_name: '王建国', reason: '盘点夜班', until_at: m.keep_on_until_at, since_at: ago(3600) })) }),
  'GET /approvals': ({ query }) => page(approvals.filter((a) => (query.get('state') === 'decided') === (a.state !== 'open')), query),
  'POST /approvals/:id/decision': ({ id, body, session }) => {
    const a = find(approvals, id);
    if (body.totp !== '123456') throw new Problem(401, 'totp_wrong');
    if (a.maker_id === session.user.id) throw new Problem(403, 'forbidden');
    return Object.assign(a, { state: body.decision === 'approve' ? 'approved' : 'rejected', decided_by_name: session.user.display_name, decided_at: now(), decision_reason: body.reason });
  },
  'POST /imports': ({ body, session }) => ({ status: 201, body: importMake(body, session.user.display_name) }),
  'GET /imports': ({ query }) => page(imports.map(brief), query),
  'GET /imports/:id': ({ id }) => find(imports, id),
  'POST /imports/:id/probe': ({ id }) => {
    const one = find(imports, id);
    const own = one.rows.filter((r) => r.noun === 'meter');
    one.state = 'probing';
    own.forEach((r) => (r.probe = 'waiting'));
    own.forEach((r, n) => setTimeout(() => Object.assign(r, n % 60 === 7 ? { probe: 'silent', probe_text: null } : n % 90 === 3 ? { probe: 'mismatch', probe_text: '230946805579' } : { probe: 'ok', probe_text: '1352 230946805578' }), 50 * n));
    setTimeout(() => (one.state = 'checked'), 50 * own.length + 100);
    return { status: 202, body: one };
  },
  'POST /imports/:id/commit': ({ id }) => { const one = find(imports, id); if (one.rows_error) throw new Problem(409, 'conflict', '还有错误行'); return Object.assign(one, { state: 'committed', committed_at: now() }); },
  'POST /imports/:id/undo': ({ id }) => Object.assign(find(imports, id), { state: 'undone', undone_at: now() }),
  'GET /users': ({ query }) => page(users.map(publicUser), query),
  'POST /users': ({ body }) => {
    if (users.some((u) => u.name === body.name)) throw new Problem(422, 'invalid_field', '用户名已存在', 'name');
    const u = user(users.length + 1, body.name, body.display_name, body.role, { password: body.initial_password, totp_enrolled: false, stage: 'change_password', last_login_at: null, created_at: now() });
    users.push(u);
    return { status: 201, body: publicUser(u) };
  },
  'POST /users/:id/state': ({ id, body }) => publicUser(Object.assign(find(users, id), { state: body.state })),
  'POST /users/:id/role': ({ id, body }) => publicUser(Object.assign(find(users, id), { role: body.role })),
  'POST /users/:id/reset': ({ id, body }) => ({ user: publicUser(Object.assign(find(users, id), body.what === 'totp' ? { totp_enrolled: false, stage: 'enrol_totp' } : { stage: 'change_password' })), one_time_password: body.what === 'password' ? `${rand5()}-${rand5()}` : null }),
  'GET /roles': () => ({ items: roles }),
  'GET /audit': ({ query }) => {
    const has = (name, value) => !query.get(name) || value === query.get(name);
    return page(audit.filter((a) => (!query.get('actor') || a.actor_name.includes(query.get('actor'))) && (!query.get('action') || a.action.includes(query.get('action'))) && has('object_kind', a.object_kind) && (!query.get('from') || a.at >= query.get('from')) && (!query.get('to') || a.at < query.get('to'))), query);
  },
  'GET /audit/verification': () => ({ verdict: 'ok', rows: 48213, first_bad_id: null, last_sealed_day: ago(86400).slice(0, 10), text_zh: '48,213 行全部连续,与链和封存一致。', text_en: 'All 48,213 rows are continuous and agree with chain and seals.', checked_at: now() }),
};
function rand5() {
  return Math.floor(random() * 1e9).toString(36).padStart(5, 'x').slice(-5).toUpperCase();
}
function qr() {
  let cells = '';
  for (let y = 0; y < 29; y += 1) for (let x = 0; x < 29; x += 1) if (random() > 0.5) cells += `M${x} ${y}h1v1h-1z`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 33 33" shape-rendering="crispEdges"><path fill="#fff" d="M-2-2h33v33H-2z"/><path d="${cells}"/></svg>`;
}
