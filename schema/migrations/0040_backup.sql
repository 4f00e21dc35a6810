-- Backups that were made, restores that happened, and what is looked at in each meter after one. Re-runnable.
CREATE TABLE IF NOT EXISTS backup_run (
  id               BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name             VARCHAR(64) NOT NULL UNIQUE COMMENT 'of its folder',
  state            ENUM('running','verified','doubtful','failed') NOT NULL DEFAULT 'running'
    COMMENT 'verified: restored into a private server, equal, invariants and audit chain hold; doubtful: equal, but one does not hold',
  made_by          VARCHAR(80) NOT NULL,
  started_at       DATETIME(3) NOT NULL,
  ended_at         DATETIME(3) NULL,
  bytes            BIGINT NOT NULL DEFAULT 0,
  tables_total     INT NOT NULL DEFAULT 0,
  rows_total       BIGINT NOT NULL DEFAULT 0,
  schema_number    INT NOT NULL DEFAULT 0,
  binlog_file      VARCHAR(200) NOT NULL DEFAULT '',
  binlog_position  BIGINT NOT NULL DEFAULT 0,
  detail           VARCHAR(500) NOT NULL DEFAULT '' COMMENT 'why it is not verified',
  KEY backup_run_state (state, started_at),
  CONSTRAINT backup_run_ended CHECK ((state = 'running') = (ended_at IS NULL))
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS restore_run (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  restored_at  DATETIME(3) NOT NULL,
  backup_name  VARCHAR(64) NOT NULL,
  backup_at    DATETIME(3) NOT NULL,
  until_at     DATETIME(3) NULL COMMENT 'binlogs were replayed up to here',
  replayed     BOOLEAN NOT NULL DEFAULT FALSE,
  made_by      VARCHAR(80) NOT NULL,
  reason       VARCHAR(200) NOT NULL
) ENGINE=InnoDB;

-- One row a supply whose meter holds money: nothing is delivered to it until its first reading after the restore was compared with
-- what the restored database says. The numbers of both sides are the evidence.
CREATE TABLE IF NOT EXISTS restore_check (
  restore_id          BIGINT NOT NULL,
  supply_id           BIGINT NOT NULL,
  meter_id            BIGINT NOT NULL,
  epoch               INT NOT NULL,
  state               ENUM('pending','passed','frozen','superseded') NOT NULL DEFAULT 'pending',
  our_count           INT NOT NULL COMMENT 'the most that the meter can say: every count given, in flight or not',
  in_flight_fen       BIGINT NULL COMMENT 'amount with the last count, which may or may not be in the meter; NULL: none',
  our_balance_fen     BIGINT NULL COMMENT 'last stored reading; NULL: not compared',
  our_taken_at        DATETIME(3) NULL,
  our_energy          JSON NULL COMMENT 'registers and prices of that reading, core/rules/evidence.h',
  meter_count         INT NULL,
  meter_balance_fen   BIGINT NULL,
  meter_taken_at      DATETIME(3) NULL,
  finding             ENUM('none','count_ahead','count_behind','balance_ahead','balance_behind','other_meter') NOT NULL DEFAULT 'none',
  checked_at          DATETIME(3) NULL,
  pending_supply      BIGINT AS (IF(state = 'pending', supply_id, NULL)) PERSISTENT,
  PRIMARY KEY (restore_id, supply_id),
  UNIQUE KEY restore_check_pending (pending_supply),
  CONSTRAINT restore_check_restore FOREIGN KEY (restore_id) REFERENCES restore_run (id),
  CONSTRAINT restore_check_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT restore_check_meter FOREIGN KEY (meter_id) REFERENCES meter (id),
  CONSTRAINT restore_check_done CHECK (state IN ('pending','superseded') OR checked_at IS NOT NULL)
) ENGINE=InnoDB;
