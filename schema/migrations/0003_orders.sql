-- Orders to the field, what blocks them, who agreed, and the record of all of it.
CREATE TABLE IF NOT EXISTS approval (
  id               BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind             VARCHAR(32) NOT NULL COMMENT 'trip_protected, lift_lock_out, ...: core/rules/approval.def',
  object_kind      VARCHAR(32) NOT NULL,
  object_id        BIGINT NOT NULL,
  payload          JSON NOT NULL COMMENT 'what exactly will happen; this stored version is what is approved',
  maker_id         BIGINT NOT NULL,
  made_at          DATETIME(3) NOT NULL,
  expires_at       DATETIME(3) NOT NULL,
  reason           VARCHAR(200) NOT NULL,
  state            ENUM('open','approved','rejected','expired') NOT NULL DEFAULT 'open',
  checker_id       BIGINT NULL,
  decided_at       DATETIME(3) NULL,
  decision_reason  VARCHAR(200) NULL,
  KEY approval_state (state, expires_at),
  CONSTRAINT approval_maker FOREIGN KEY (maker_id) REFERENCES user (id),
  CONSTRAINT approval_checker FOREIGN KEY (checker_id) REFERENCES user (id),
  CONSTRAINT approval_four_eyes CHECK (checker_id IS NULL OR checker_id <> maker_id OR state IN ('rejected','expired'))
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS lock_out (
  id             BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id      BIGINT NOT NULL,
  holder_id      BIGINT NOT NULL,
  reason         VARCHAR(200) NOT NULL,
  state          ENUM('active','lifted') NOT NULL DEFAULT 'active',
  active_supply  BIGINT AS (IF(state = 'active', supply_id, NULL)) PERSISTENT,
  created_at     DATETIME(3) NOT NULL,
  lifted_at      DATETIME(3) NULL,
  lifted_by      BIGINT NULL,
  lift_reason    VARCHAR(200) NULL,
  approval_id    BIGINT NULL,
  UNIQUE KEY lock_out_active (active_supply),
  KEY lock_out_supply (supply_id),
  CONSTRAINT lock_out_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT lock_out_holder FOREIGN KEY (holder_id) REFERENCES user (id),
  CONSTRAINT lock_out_lifted_by FOREIGN KEY (lifted_by) REFERENCES user (id),
  CONSTRAINT lock_out_approval FOREIGN KEY (approval_id) REFERENCES approval (id)
) ENGINE=InnoDB;

-- States and moves: core/rules/command_state.h has the drawing.
CREATE TABLE IF NOT EXISTS command (
  id                BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id         BIGINT NOT NULL,
  meter_id          BIGINT NOT NULL,
  epoch             INT NOT NULL,
  kind              ENUM('trip','close','keep_on','release','read') NOT NULL,
  origin            ENUM('manual','automatic','lock_out','keep_on_end') NOT NULL,
  state             ENUM('pending','taken','sent','confirmed','refused','unknown','superseded','expired','cancelled') NOT NULL DEFAULT 'pending',
  reason            VARCHAR(200) NOT NULL,
  requested_by      BIGINT NULL COMMENT 'NULL: the system',
  requested_at      DATETIME(3) NOT NULL,
  expires_at        DATETIME(3) NOT NULL COMMENT 'never sent after this',
  taken_at          DATETIME(3) NULL,
  taken_by          VARCHAR(40) NULL COMMENT 'poller instance that holds it',
  sent_at           DATETIME(3) NULL COMMENT 'committed before the frame leaves',
  ended_at          DATETIME(3) NULL,
  result_code       VARCHAR(32) NULL,
  keep_on_until_at  DATETIME(3) NULL,
  lock_out_id       BIGINT NULL,
  approval_id       BIGINT NULL,
  superseded_by     BIGINT NULL,
  evidence          JSON NULL,
  KEY command_open (state, meter_id),
  KEY command_supply (supply_id, id),
  KEY command_meter (meter_id, id),
  CONSTRAINT command_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT command_meter FOREIGN KEY (meter_id) REFERENCES meter (id),
  CONSTRAINT command_user FOREIGN KEY (requested_by) REFERENCES user (id),
  CONSTRAINT command_lock_out FOREIGN KEY (lock_out_id) REFERENCES lock_out (id),
  CONSTRAINT command_approval FOREIGN KEY (approval_id) REFERENCES approval (id),
  CONSTRAINT command_superseded FOREIGN KEY (superseded_by) REFERENCES command (id),
  CONSTRAINT command_keep_on CHECK ((kind = 'keep_on') = (keep_on_until_at IS NOT NULL)),
  CONSTRAINT command_expiry CHECK (expires_at > requested_at)
) ENGINE=InnoDB;

-- The supply's wanted state of forced control while it lasts. Keep-on always has an owner and an end.
CREATE TABLE IF NOT EXISTS keep_on (
  id             BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id      BIGINT NOT NULL,
  command_id     BIGINT NOT NULL,
  owner_id       BIGINT NOT NULL,
  since_at       DATETIME(3) NOT NULL,
  until_at       DATETIME(3) NOT NULL,
  state          ENUM('active','ended') NOT NULL DEFAULT 'active',
  active_supply  BIGINT AS (IF(state = 'active', supply_id, NULL)) PERSISTENT,
  ended_at       DATETIME(3) NULL,
  UNIQUE KEY keep_on_active (active_supply),
  KEY keep_on_until (state, until_at),
  CONSTRAINT keep_on_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT keep_on_command FOREIGN KEY (command_id) REFERENCES command (id),
  CONSTRAINT keep_on_owner FOREIGN KEY (owner_id) REFERENCES user (id),
  CONSTRAINT keep_on_end CHECK (until_at > since_at)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS alarm (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind         VARCHAR(40) NOT NULL COMMENT 'core/rules/alarm.def',
  object_kind  VARCHAR(32) NOT NULL,
  object_id    BIGINT NOT NULL,
  level        TINYINT NOT NULL COMMENT '1 note, 2 warning, 3 critical',
  detail       VARCHAR(300) NOT NULL DEFAULT '',
  opened_at    DATETIME(3) NOT NULL,
  closed_at    DATETIME(3) NULL,
  open_key     VARCHAR(120) AS (IF(closed_at IS NULL, CONCAT(kind, ':', object_kind, ':', object_id), NULL)) PERSISTENT,
  UNIQUE KEY alarm_open (open_key),
  KEY alarm_object (object_kind, object_id, id),
  CONSTRAINT alarm_level CHECK (level BETWEEN 1 AND 3)
) ENGINE=InnoDB;

-- A question to the field that is not an order: a probe of an address (import), a model test.
CREATE TABLE IF NOT EXISTS field_request (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind          ENUM('probe','model_test') NOT NULL,
  shard         INT NOT NULL DEFAULT 0,
  line_id       BIGINT NULL COMMENT 'NULL: a line not yet imported, see link',
  link          JSON NULL COMMENT 'link parameters when line_id is NULL',
  address       INT NOT NULL,
  model         JSON NULL COMMENT 'the model file under test',
  state         ENUM('pending','taken','done','failed','expired') NOT NULL DEFAULT 'pending',
  requested_at  DATETIME(3) NOT NULL,
  expires_at    DATETIME(3) NOT NULL,
  ended_at      DATETIME(3) NULL,
  result        JSON NULL,
  import_id     BIGINT NULL,
  import_line   INT NULL,
  KEY field_request_open (state, shard, id),
  KEY field_request_import (import_id, import_line)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS import (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  file_name     VARCHAR(120) NOT NULL,
  file_sha256   BINARY(32) NOT NULL,
  body          MEDIUMBLOB NOT NULL,
  state         ENUM('checked','probing','committed','undone','abandoned') NOT NULL DEFAULT 'checked',
  created_by    BIGINT NULL,
  created_at    DATETIME(3) NOT NULL,
  committed_at  DATETIME(3) NULL,
  undone_at     DATETIME(3) NULL,
  undo_json     MEDIUMTEXT NULL COMMENT 'JSON: what was there before, row by row',
  CONSTRAINT import_user FOREIGN KEY (created_by) REFERENCES user (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS import_row (
  import_id    BIGINT NOT NULL,
  line_number  INT NOT NULL,
  noun         VARCHAR(16) NOT NULL,
  key_text     VARCHAR(80) NOT NULL,
  verdict      ENUM('new','change','same','error') NOT NULL,
  message      VARCHAR(300) NOT NULL DEFAULT '',
  message_en   VARCHAR(300) NOT NULL DEFAULT '',
  probe        ENUM('none','waiting','ok','mismatch','silent') NOT NULL DEFAULT 'none',
  probe_text   VARCHAR(300) NOT NULL DEFAULT '',
  PRIMARY KEY (import_id, line_number),
  CONSTRAINT import_row_import FOREIGN KEY (import_id) REFERENCES import (id)
) ENGINE=InnoDB;

-- Written in the act's transaction; the programs have INSERT and SELECT only.
CREATE TABLE IF NOT EXISTS audit (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  at            DATETIME(3) NOT NULL,
  actor_kind    ENUM('user','tenant','machine','system','operator') NOT NULL,
  actor_id      BIGINT NOT NULL DEFAULT 0,
  actor_name    VARCHAR(80) NOT NULL,
  role          VARCHAR(32) NOT NULL DEFAULT '',
  ip            VARCHAR(45) NOT NULL DEFAULT '',
  action        VARCHAR(48) NOT NULL COMMENT 'core/rules/audit_action.def',
  object_kind   VARCHAR(32) NOT NULL,
  object_id     BIGINT NOT NULL DEFAULT 0,
  object_label  VARCHAR(120) NOT NULL DEFAULT '',
  reason        VARCHAR(200) NOT NULL DEFAULT '',
  before_json   TEXT NOT NULL DEFAULT '',
  after_json    TEXT NOT NULL DEFAULT '',
  result        VARCHAR(32) NOT NULL,
  KEY audit_object (object_kind, object_id, id),
  KEY audit_at (at)
) ENGINE=InnoDB;

-- The chain over audit, appended by paywatt-jobs alone within 10 s; hash = HMAC(key, previous hash, row).
CREATE TABLE IF NOT EXISTS audit_chain (
  position    BIGINT NOT NULL PRIMARY KEY COMMENT '1, 2, 3, ... without gaps',
  audit_id    BIGINT NOT NULL UNIQUE,
  hash        BINARY(32) NOT NULL,
  chained_at  DATETIME(3) NOT NULL,
  CONSTRAINT audit_chain_audit FOREIGN KEY (audit_id) REFERENCES audit (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS audit_seal (
  day        DATE NOT NULL PRIMARY KEY COMMENT 'billing day of the site',
  position   BIGINT NOT NULL COMMENT 'last position of the chain at the seal',
  hash       BINARY(32) NOT NULL,
  sealed_at  DATETIME(3) NOT NULL
) ENGINE=InnoDB;
