-- The field: gateways, lines, models, meters, supplies, their last state and their history.
CREATE TABLE IF NOT EXISTS gateway (
  id       BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  site_id  BIGINT NOT NULL,
  room_id  BIGINT NULL,
  code     VARCHAR(32) NOT NULL,
  name     VARCHAR(80) NOT NULL,
  host     VARCHAR(80) NOT NULL DEFAULT '' COMMENT 'address or name; empty: serial ports of this machine',
  UNIQUE KEY gateway_code (site_id, code),
  CONSTRAINT gateway_site FOREIGN KEY (site_id) REFERENCES site (id),
  CONSTRAINT gateway_room FOREIGN KEY (room_id) REFERENCES room (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS line (
  id                   BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  gateway_id           BIGINT NOT NULL,
  code                 VARCHAR(32) NOT NULL UNIQUE,
  name                 VARCHAR(80) NOT NULL,
  link                 ENUM('modbus_tcp','rtu_over_tcp','serial') NOT NULL,
  port                 INT NOT NULL DEFAULT 0 COMMENT 'TCP port; 0 for serial',
  device               VARCHAR(120) NOT NULL DEFAULT '' COMMENT 'serial device; empty for TCP',
  baud                 INT NOT NULL DEFAULT 9600,
  parity               ENUM('N','E','O') NOT NULL DEFAULT 'N',
  stop_bits            TINYINT NOT NULL DEFAULT 1,
  turnaround_ms        INT NOT NULL DEFAULT 50 COMMENT 'what a meter needs to answer; part of the bound',
  response_timeout_ms  INT NOT NULL DEFAULT 1000,
  cycle_s              INT NOT NULL DEFAULT 0 COMMENT '0: without pause',
  interval_s           INT NOT NULL DEFAULT 900 COMMENT 'a history row every so often',
  shard                INT NOT NULL DEFAULT 0,
  enabled              BOOLEAN NOT NULL DEFAULT TRUE,
  writable             BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'a line starts read-only',
  writable_by          BIGINT NULL,
  writable_at          DATETIME(3) NULL,
  CONSTRAINT line_gateway FOREIGN KEY (gateway_id) REFERENCES gateway (id),
  CONSTRAINT line_writable_by FOREIGN KEY (writable_by) REFERENCES user (id),
  CONSTRAINT line_baud CHECK (baud BETWEEN 300 AND 115200),
  CONSTRAINT line_stop_bits CHECK (stop_bits IN (1, 2)),
  CONSTRAINT line_timing CHECK (turnaround_ms BETWEEN 0 AND 5000 AND response_timeout_ms BETWEEN 50 AND 20000
    AND cycle_s BETWEEN 0 AND 86400 AND interval_s BETWEEN 60 AND 86400),
  CONSTRAINT line_port CHECK (port BETWEEN 0 AND 65535)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS model (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  code         VARCHAR(64) NOT NULL UNIQUE,
  name         VARCHAR(80) NOT NULL,
  maturity     ENUM('experimental','accepted') NOT NULL DEFAULT 'experimental',
  actions      VARCHAR(200) NOT NULL DEFAULT '' COMMENT 'orders it offers: trip,close,keep_on,release,read',
  capabilities VARCHAR(400) NOT NULL DEFAULT '' COMMENT 'name:proven or name:unverified, comma between',
  file_sha256  BINARY(32) NOT NULL,
  seen_at      DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS meter (
  id                BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  line_id           BIGINT NOT NULL,
  address           INT NOT NULL,
  model_id          BIGINT NOT NULL,
  number            VARCHAR(32) NOT NULL UNIQUE COMMENT 'the number painted on the cabinet',
  serial_number     VARCHAR(20) NOT NULL DEFAULT '' COMMENT 'register 0043; compared before each write',
  ct_ratio          INT NOT NULL DEFAULT 1,
  pt_ratio          INT NOT NULL DEFAULT 1,
  external_control  BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'drives a breaker above 80 A: trip only',
  state             ENUM('in_service','retired') NOT NULL DEFAULT 'in_service',
  live_address      INT AS (IF(state = 'in_service', address, NULL)) PERSISTENT,
  created_at        DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY meter_address (line_id, live_address),
  KEY meter_serial (serial_number),
  CONSTRAINT meter_line FOREIGN KEY (line_id) REFERENCES line (id),
  CONSTRAINT meter_model FOREIGN KEY (model_id) REFERENCES model (id),
  CONSTRAINT meter_address_range CHECK (address BETWEEN 1 AND 247),
  CONSTRAINT meter_ratios CHECK (ct_ratio BETWEEN 1 AND 10000 AND pt_ratio BETWEEN 1 AND 10000)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS supply (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  unit_id         BIGINT NULL,
  meter_id        BIGINT NOT NULL,
  circuit         INT NOT NULL DEFAULT 0,
  epoch           INT NOT NULL DEFAULT 1 COMMENT 'raised by each meter swap',
  billing_mode    ENUM('meter','platform') NOT NULL DEFAULT 'meter',
  protected       BOOLEAN NOT NULL DEFAULT FALSE,
  close_by_hand   BOOLEAN NOT NULL DEFAULT FALSE,
  frozen_reason   ENUM('serial_mismatch','count_mismatch','other') NULL,
  frozen_at       DATETIME(3) NULL,
  frozen_detail   VARCHAR(200) NULL,
  UNIQUE KEY supply_meter (meter_id, circuit),
  KEY supply_unit (unit_id),
  CONSTRAINT supply_unit FOREIGN KEY (unit_id) REFERENCES unit (id),
  CONSTRAINT supply_meter FOREIGN KEY (meter_id) REFERENCES meter (id)
) ENGINE=InnoDB;

-- One row a meter: what the last good block said. stored_at orders changes for the `since` cursors.
CREATE TABLE IF NOT EXISTS meter_state (
  meter_id            BIGINT NOT NULL PRIMARY KEY,
  taken_at            DATETIME(3) NOT NULL COMMENT 'when the meter answered',
  stored_at           DATETIME(3) NOT NULL,
  voltage_a_mv        INT NULL, voltage_b_mv INT NULL, voltage_c_mv INT NULL,
  current_a_ma        INT NULL, current_b_ma INT NULL, current_c_ma INT NULL,
  power_a_w           INT NULL, power_b_w INT NULL, power_c_w INT NULL, power_w INT NULL,
  reactive_var        INT NULL,
  power_factor_milli  INT NULL,
  energy_wh           BIGINT NULL, energy_sharp_wh BIGINT NULL, energy_peak_wh BIGINT NULL,
  energy_flat_wh      BIGINT NULL, energy_valley_wh BIGINT NULL,
  balance_fen         BIGINT NULL,
  purchase_count      INT NULL,
  status_bits         INT NULL COMMENT 'register 0224 as read',
  control_bits        INT NULL COMMENT 'register 0225 as read',
  relay               ENUM('closed','open','partial','unknown') NOT NULL DEFAULT 'unknown',
  forced              ENUM('none','trip','keep_on','unknown') NOT NULL DEFAULT 'unknown',
  load_trip_count     INT NULL, load_trip_allowed INT NULL,
  max_demand_w        INT NULL,
  meter_clock_at      DATETIME(3) NULL COMMENT 'the meter own clock, read as site time, stored as UTC',
  day_start_at        DATETIME(3) NULL COMMENT 'start of the billing day that day_start_energy_wh belongs to',
  day_start_energy_wh BIGINT NULL,
  KEY meter_state_stored (stored_at),
  CONSTRAINT meter_state_meter FOREIGN KEY (meter_id) REFERENCES meter (id)
) ENGINE=InnoDB;

-- Slowly changing registers: prices, thresholds, run word.
CREATE TABLE IF NOT EXISTS meter_parameter (
  meter_id             BIGINT NOT NULL PRIMARY KEY,
  read_at              DATETIME(3) NOT NULL,
  serial_number        VARCHAR(20) NULL COMMENT 'as read',
  model_code           INT NULL COMMENT 'register 0200 as read',
  run_word             INT NULL,
  fee_control_enabled  BOOLEAN NULL,
  price_sharp_e4       BIGINT NULL, price_peak_e4 BIGINT NULL, price_flat_e4 BIGINT NULL, price_valley_e4 BIGINT NULL,
  alarm1_fen           BIGINT NULL, alarm2_fen BIGINT NULL, overdraft_fen BIGINT NULL,
  CONSTRAINT meter_parameter_meter FOREIGN KEY (meter_id) REFERENCES meter (id)
) ENGINE=InnoDB;

-- Health of a meter on its line; written by the poller's heartbeat, not with each reading.
CREATE TABLE IF NOT EXISTS meter_health (
  meter_id          BIGINT NOT NULL PRIMARY KEY,
  silent_since_at   DATETIME(3) NULL,
  backoff_until_at  DATETIME(3) NULL,
  timeouts          BIGINT NOT NULL DEFAULT 0,
  crc_errors        BIGINT NOT NULL DEFAULT 0,
  foreign_frames    BIGINT NOT NULL DEFAULT 0,
  late_frames       BIGINT NOT NULL DEFAULT 0,
  exceptions        BIGINT NOT NULL DEFAULT 0,
  updated_at        DATETIME(3) NOT NULL,
  CONSTRAINT meter_health_meter FOREIGN KEY (meter_id) REFERENCES meter (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS line_state (
  line_id          BIGINT NOT NULL PRIMARY KEY,
  state            ENUM('ok','degraded','silent','never') NOT NULL DEFAULT 'never',
  since_at         DATETIME(3) NOT NULL,
  heartbeat_at     DATETIME(3) NOT NULL,
  cycle_ms         BIGINT NULL COMMENT 'the last whole cycle',
  bound_ms         BIGINT NULL COMMENT 'wire-time bound of that cycle (meters.md 3)',
  meters_silent    INT NOT NULL DEFAULT 0,
  transactions     BIGINT NOT NULL DEFAULT 0,
  timeouts         BIGINT NOT NULL DEFAULT 0,
  crc_errors       BIGINT NOT NULL DEFAULT 0,
  foreign_frames   BIGINT NOT NULL DEFAULT 0,
  late_frames      BIGINT NOT NULL DEFAULT 0,
  exceptions       BIGINT NOT NULL DEFAULT 0,
  reconnects       BIGINT NOT NULL DEFAULT 0,
  CONSTRAINT line_state_line FOREIGN KEY (line_id) REFERENCES line (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS line_history (
  line_id   BIGINT NOT NULL,
  at        DATETIME(3) NOT NULL,
  cycle_ms  BIGINT NULL,
  bound_ms  BIGINT NULL,
  errors    BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (line_id, at),
  CONSTRAINT line_history_line FOREIGN KEY (line_id) REFERENCES line (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS program_heartbeat (
  program       VARCHAR(32) NOT NULL COMMENT 'poller, jobs',
  shard         INT NOT NULL DEFAULT 0,
  at            DATETIME(3) NOT NULL,
  started_at    DATETIME(3) NOT NULL,
  pid           INT NOT NULL,
  spool_rows    BIGINT NOT NULL DEFAULT 0,
  spool_thinned BIGINT NOT NULL DEFAULT 0,
  detail        VARCHAR(200) NOT NULL DEFAULT '',
  PRIMARY KEY (program, shard)
) ENGINE=InnoDB;

-- History. A partitioned table has no foreign keys; paywatt-jobs keeps three months of partitions ahead.
CREATE TABLE IF NOT EXISTS reading (
  meter_id          BIGINT NOT NULL,
  taken_at          DATETIME(3) NOT NULL,
  kind              ENUM('interval','change','estimated') NOT NULL DEFAULT 'interval',
  epoch             INT NOT NULL DEFAULT 1,
  energy_wh         BIGINT NULL,
  energy_sharp_wh   BIGINT NULL, energy_peak_wh BIGINT NULL, energy_flat_wh BIGINT NULL, energy_valley_wh BIGINT NULL,
  balance_fen       BIGINT NULL,
  purchase_count    INT NULL,
  status_bits       INT NULL,
  power_w           INT NULL,
  PRIMARY KEY (meter_id, taken_at)
) ENGINE=InnoDB
PARTITION BY RANGE COLUMNS (taken_at) (
  PARTITION p_before VALUES LESS THAN ('2026-01-01 00:00:00.000'),
  PARTITION p_future VALUES LESS THAN (MAXVALUE)
);
