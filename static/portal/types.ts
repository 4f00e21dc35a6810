/** Shapes of the staff API, by hand until the server's OpenAPI document generates them. */

export type At = string;
export type Permission =
  | 'park.view'
  | 'meter.switch'
  | 'meter.read_now'
  | 'keep_on.set'
  | 'lock_out.set'
  | 'lock_out.override'
  | 'approval.view'
  | 'approval.decide'
  | 'line.configure'
  | 'import.run'
  | 'user.manage'
  | 'audit.view'
  | 'alarm.view';
export type RoleCode = 'administrator' | 'finance' | 'engineer' | 'auditor';

export interface List<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Session {
  user: { id: number; name: string; display_name: string; role: RoleCode; locale: 'zh-CN' | 'en' };
  stage: 'full' | 'enrol_totp' | 'change_password';
  permissions: Permission[];
  csrf_token: string;
  expires_at: At;
  site: { code: string; name: string; name_en: string; time_zone: string };
  version: string;
}
export interface TotpBegin {
  secret_base32: string;
  otpauth_uri: string;
  qr_svg: string;
}
export interface TotpFinish {
  recovery_codes: string[];
  session: Session;
}

export interface Status {
  database: 'ok' | 'down';
  redis: 'ok' | 'down';
  field: 'ok' | 'degraded' | 'down';
  outside: 'ok' | 'down' | 'unknown';
  poller_heartbeat_at: At | null;
  server_at: At;
  meters_total: number;
  meters_read: number;
  meters_stale: number;
  oldest_reading_at: At | null;
  oldest_reading_meter_id: number | null;
  lines_total: number;
  lines_read_only: number;
  alarms_open: number;
  tasks_open: number;
  experimental_models_accepted: boolean;
}

export interface Overview {
  meters: { total: number; online: number; stale: number; never: number };
  supplies: {
    closed: number;
    tripped: number;
    keep_on: number;
    locked_out: number;
    close_by_hand: number;
    frozen: number;
    protected: number;
  };
  load_w: number;
  energy_today_wh: number;
  balance_total_fen: number;
  arrears_count: number;
  alarm1_count: number;
  alarm2_count: number;
  buildings: {
    id: number;
    name: string;
    units: number;
    load_w: number;
    energy_today_wh: number;
    tripped: number;
    stale: number;
  }[];
  load_curve: { at: At; power_w: number | null }[];
  commands_today: { confirmed: number; refused: number; unknown: number; pending: number };
  command_p95_ms: number | null;
}

export type TaskKind =
  | 'approval'
  | 'close_by_hand'
  | 'frozen_supply'
  | 'stale_meter'
  | 'silent_gateway'
  | 'unknown_command'
  | 'lock_out'
  | 'keep_on_ending'
  | 'read_only_line';
export type Severity = 'info' | 'warning' | 'critical';
export interface Task {
  kind: TaskKind;
  title_zh: string;
  title_en: string;
  object_kind: string;
  object_id: number;
  unit_number?: string | null;
  shop_name?: string | null;
  since_at: At;
  severity: Severity;
}

export interface SearchHit {
  kind: 'unit' | 'meter';
  id: number;
  supply_id: number;
  unit_number: string;
  shop_name: string;
  meter_number: string;
  building: string;
  floor: string;
}

export interface Tree {
  buildings: {
    id: number;
    code: string;
    name: string;
    floors: { id: number; code: string; name: string; position: number; units: number }[];
  }[];
  rooms: { id: number; code: string; name: string }[];
}

export type Relay = 'closed' | 'open' | 'partial' | 'unknown';
export type SupplyState = 'closed' | 'tripped' | 'keep_on' | 'locked_out' | 'stale' | 'never' | 'close_by_hand';
export type CommandKind = 'trip' | 'close' | 'keep_on' | 'release' | 'read';

export interface MeterRow {
  id: number;
  supply_id: number;
  number: string;
  unit_id: number | null;
  unit_number: string;
  shop_name: string;
  shop_pinyin: string;
  trade: string;
  unit_state: string;
  building_id: number;
  floor_id: number;
  room_id: number;
  line_id: number;
  protected: boolean;
  close_by_hand: boolean;
  locked_out: boolean;
  frozen: boolean;
  read_only: boolean;
  relay: Relay;
  forced: 'none' | 'trip' | 'keep_on';
  state: SupplyState;
  keep_on_until_at: At | null;
  level: 0 | 1 | 2 | 3;
  balance_fen: number | null;
  balance_energy_wh: number | null;
  power_w: number | null;
  energy_wh: number | null;
  energy_today_wh: number | null;
  purchase_count: number | null;
  taken_at: At | null;
  stale: boolean;
  pending_command: CommandKind | null;
}
export interface Meters {
  items: MeterRow[];
  cursor: string;
  server_at: At;
  complete: boolean;
}

export interface MeterLive {
  voltage_a_mv: number | null;
  voltage_b_mv: number | null;
  voltage_c_mv: number | null;
  current_a_ma: number | null;
  current_b_ma: number | null;
  current_c_ma: number | null;
  power_a_w: number | null;
  power_b_w: number | null;
  power_c_w: number | null;
  power_w: number | null;
  reactive_var: number | null;
  power_factor_milli: number | null;
  energy_wh: number | null;
  energy_sharp_wh: number | null;
  energy_peak_wh: number | null;
  energy_flat_wh: number | null;
  energy_valley_wh: number | null;
  max_demand_w: number | null;
  max_demand_at_text: string | null;
  status_bits: number | null;
  fault: boolean;
  over_limit: boolean;
  arrears: boolean;
  alarm1: boolean;
  alarm2: boolean;
  fee_control: boolean;
  load_control: boolean;
  time_control: boolean;
  load_trip_count: number | null;
  load_trip_allowed: number | null;
  meter_clock_at: At | null;
}
export interface MeterParameters {
  read_at: At;
  price_sharp_e4: number;
  price_peak_e4: number;
  price_flat_e4: number;
  price_valley_e4: number;
  alarm1_fen: number;
  alarm2_fen: number;
  overdraft_fen: number;
  fee_control_enabled: boolean;
  run_word: number;
  encrypted: boolean;
}
export interface MeterAction {
  kind: CommandKind;
  offered: boolean;
  why_not: string | null;
  needs_second_person: boolean;
  needs_unit_number: boolean;
  proven: boolean;
}
export interface Meter extends MeterRow {
  serial_number: string | null;
  model_code: string;
  model_name: string;
  maturity: string;
  address: number;
  line: { id: number; code: string; name: string; read_only: boolean };
  gateway: { id: number; code: string; name: string };
  room: string;
  building: string;
  floor: string;
  ct_ratio: number;
  pt_ratio: number;
  external_control: boolean;
  epoch: number;
  live: MeterLive | null;
  parameters: MeterParameters | null;
  actions: MeterAction[];
  lock_out: LockOut | null;
  errors: { timeouts: number; crc: number; foreign: number; late: number; exceptions: number };
}
export type Rate = 'sharp' | 'peak' | 'flat' | 'valley';
export interface Readings {
  items: { at: At; power_w: number | null; balance_fen: number | null; energy_wh: number | null; relay: Relay }[];
  step_s: number;
  rate_bands: { from_minute: number; to_minute: number; rate: Rate }[];
}
export interface LogItem {
  at: At;
  kind: 'command' | 'lock_out' | 'alarm' | 'approval';
  title: string;
  actor_name: string | null;
  state: string | null;
  reason: string | null;
  detail: string | null;
  command_id?: number | null;
}

export interface Gateway {
  id: number;
  code: string;
  name: string;
  host: string;
  room: string;
  state: 'ok' | 'silent' | 'never';
  since_at: At | null;
  lines: number[];
}
export interface Line {
  id: number;
  code: string;
  name: string;
  gateway_id: number;
  link: 'modbus_tcp' | 'rtu_over_tcp' | 'serial';
  address_text: string;
  baud: number | null;
  parity: string | null;
  stop_bits: number | null;
  cycle_s: number;
  read_only: boolean;
  enabled: boolean;
  meters: number;
  meters_silent: number;
  state: 'ok' | 'degraded' | 'silent' | 'never';
  cycle_ms: number | null;
  bound_ms: number | null;
  cycle_ratio_percent: number | null;
  transactions: number;
  timeouts: number;
  crc_errors: number;
  foreign_frames: number;
  late_frames: number;
  exceptions: number;
  reconnects: number;
  commands_pending: number;
  heartbeat_at: At | null;
}
/** GET /lines/:id: the line, with `meters` as rows instead of a number. */
export interface LineDetail extends Omit<Line, 'meters'> {
  meters: {
    meter_id: number;
    number: string;
    address: number;
    unit_number: string;
    state: SupplyState;
    taken_at: At | null;
    backoff_until_at: At | null;
    errors: number;
  }[];
  history: { at: At; cycle_ms: number; bound_ms: number; errors: number }[];
}

export interface Alarm {
  id: number;
  kind: string;
  object_kind: string;
  object_id: number;
  title_zh: string;
  title_en: string;
  detail: string | null;
  level: number | Severity;
  opened_at: At;
  closed_at: At | null;
}

export type CommandState =
  | 'pending'
  | 'taken'
  | 'sent'
  | 'confirmed'
  | 'refused'
  | 'unknown'
  | 'superseded'
  | 'expired'
  | 'cancelled';
export interface Command {
  id: number;
  supply_id: number;
  meter_id: number;
  unit_number: string;
  shop_name: string;
  kind: CommandKind;
  origin: 'manual' | 'automatic' | 'lock_out' | 'keep_on_end';
  state: CommandState;
  reason: string;
  requested_by_name: string | null;
  requested_at: At;
  expires_at: At;
  taken_at: At | null;
  sent_at: At | null;
  ended_at: At | null;
  result_code: string | null;
  result_text_zh: string | null;
  result_text_en: string | null;
  keep_on_until_at: At | null;
  superseded_by: number | null;
  evidence: {
    relay_before: string | null;
    relay_after: string | null;
    status_bits: number | null;
    forced_word: number | null;
    serial_number: string | null;
    read_backs: number;
    current_ma: number | null;
  } | null;
}
export interface CommandAnswer {
  command: Command | null;
  approval: Approval | null;
}
export interface LockOut {
  id: number;
  supply_id: number;
  meter_id: number;
  unit_number: string;
  shop_name: string;
  holder_id: number;
  holder_name: string;
  reason: string;
  state: 'active' | 'lifted';
  created_at: At;
  lifted_at: At | null;
  lifted_by_name: string | null;
  trip_state: CommandState | null;
}
export interface KeepOn {
  supply_id: number;
  meter_id: number;
  unit_number: string;
  shop_name: string;
  owner_name: string;
  reason: string;
  until_at: At;
  since_at: At;
}
export interface Approval {
  id: number;
  kind: 'trip_protected' | 'lift_lock_out' | 'mass_trip';
  summary_zh: string;
  summary_en: string;
  object_kind: string;
  object_id: number;
  unit_number: string | null;
  maker_id: number;
  maker_name: string;
  made_at: At;
  expires_at: At;
  state: 'open' | 'approved' | 'rejected' | 'expired';
  decided_by_name: string | null;
  decided_at: At | null;
  reason: string;
  decision_reason: string | null;
  command_id: number | null;
}

export type Verdict = 'new' | 'change' | 'same' | 'error';
export type ProbeState = 'none' | 'waiting' | 'ok' | 'mismatch' | 'silent';
export interface ImportRow {
  line_number: number;
  noun: string;
  key: string;
  verdict: Verdict;
  message_zh: string;
  message_en: string;
  probe: ProbeState;
  probe_text: string | null;
}
export interface Import {
  id: number;
  file_name: string;
  sha256: string;
  state: 'checked' | 'probing' | 'committed' | 'undone' | 'abandoned';
  rows_total: number;
  rows_ok: number;
  rows_warning: number;
  rows_error: number;
  created_by_name: string;
  created_at: At;
  committed_at: At | null;
  undone_at: At | null;
  rows?: ImportRow[];
}

export interface User {
  id: number;
  name: string;
  display_name: string;
  role: RoleCode;
  state: 'active' | 'disabled';
  totp_enrolled: boolean;
  locked_until_at: At | null;
  last_login_at: At | null;
  created_at: At;
}
export interface UserReset {
  user: User;
  one_time_password?: string | null;
}
export interface Role {
  code: RoleCode;
  name_zh: string;
  name_en: string;
  permissions: Permission[];
}
export interface AuditRow {
  id: number;
  at: At;
  actor_name: string | null;
  role: string | null;
  ip: string | null;
  action: string;
  object_kind: string | null;
  object_id: number | null;
  object_label: string | null;
  reason: string | null;
  before: unknown;
  after: unknown;
  result: string;
  chained: boolean;
}
export interface AuditVerification {
  verdict: 'ok' | 'altered' | 'log_longer' | 'chain_longer' | 'seal_mismatch';
  rows: number;
  first_bad_id: number | null;
  last_sealed_day: string | null;
  text_zh: string;
  text_en: string;
  checked_at: At;
}
