-- Closing an account 销户: one row a closing, one row a supply of it with the figures of the settlement sheet. The drawing of the
-- states is in core/rules/close_state.h. Deposits stand in the ledger from the day an account opens. Every statement may run again.
CREATE TABLE IF NOT EXISTS account_close (
  id               BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number           VARCHAR(32) NOT NULL UNIQUE COMMENT 'of the settlement sheet',
  account_id       BIGINT NOT NULL,
  state            ENUM('asked','emptying','settled','closed','cancelled') NOT NULL DEFAULT 'asked',
  payout           ENUM('channel','counter') NOT NULL COMMENT 'channel: back to the payers first, the rest over the counter',
  reason           VARCHAR(200) NOT NULL,
  maker_id         BIGINT NOT NULL,
  checker_id       BIGINT NULL,
  approval_id      BIGINT NULL,
  vacant_until_at  DATETIME(3) NULL COMMENT 'supplies that stay on as vacant are kept on until then',
  taken_fen        BIGINT NULL COMMENT 'out of the meters, platform balances included',
  deposit_fen      BIGINT NULL,
  debt_fen         BIGINT NULL COMMENT 'owed by meters below zero',
  refund_fen       BIGINT NULL COMMENT 'taken + deposit - debt; below zero: to be paid by the tenant',
  channel_fen      BIGINT NULL COMMENT 'of it, by refunds to the payers; the rest goes over the counter',
  counter_channel  VARCHAR(32) NULL,
  counter_reference VARCHAR(64) NOT NULL DEFAULT '',
  counter_by       BIGINT NULL,
  counter_at       DATETIME(3) NULL,
  created_at       DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  approved_at      DATETIME(3) NULL,
  settled_at       DATETIME(3) NULL,
  ended_at         DATETIME(3) NULL,
  changed_at       DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  open_account     BIGINT AS (IF(state IN ('asked','emptying','settled'), account_id, NULL)) PERSISTENT,
  UNIQUE KEY account_close_open (open_account),
  KEY account_close_account (account_id, id),
  KEY account_close_state (state, id),
  CONSTRAINT account_close_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT account_close_maker FOREIGN KEY (maker_id) REFERENCES user (id),
  CONSTRAINT account_close_checker FOREIGN KEY (checker_id) REFERENCES user (id),
  CONSTRAINT account_close_approval FOREIGN KEY (approval_id) REFERENCES approval (id),
  CONSTRAINT account_close_counter_by FOREIGN KEY (counter_by) REFERENCES user (id),
  CONSTRAINT account_close_four_eyes CHECK (state IN ('asked','cancelled') OR (checker_id IS NOT NULL AND checker_id <> maker_id)),
  CONSTRAINT account_close_figures CHECK ((state IN ('settled','closed')) = (refund_fen IS NOT NULL)
    AND (refund_fen IS NULL OR refund_fen = taken_fen + deposit_fen - debt_fen)),
  CONSTRAINT account_close_ended CHECK ((state IN ('closed','cancelled')) = (ended_at IS NOT NULL))
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS account_close_supply (
  id                BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  close_id          BIGINT NOT NULL,
  supply_id         BIGINT NOT NULL,
  epoch             INT NOT NULL,
  meter_id          BIGINT NOT NULL,
  mode              ENUM('meter','platform') NOT NULL,
  stays_on          BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'vacant, with its power on',
  adjustment_id     BIGINT NULL COMMENT 'the last one asked for; meter mode',
  trip_command_id   BIGINT NULL COMMENT 'platform mode',
  opening_fen       BIGINT NULL,
  paid_in_fen       BIGINT NULL,
  used_fen          BIGINT NULL,
  corrected_fen     BIGINT NULL,
  taken_fen         BIGINT NULL COMMENT 'out of the meter by adjustments of this account; below zero: a debt made even',
  open_energy_wh    BIGINT NULL,
  end_energy_wh     BIGINT NULL,
  end_sharp_wh      BIGINT NULL,
  end_peak_wh       BIGINT NULL,
  end_flat_wh       BIGINT NULL,
  end_valley_wh     BIGINT NULL,
  end_count         INT NULL,
  end_balance_fen   BIGINT NULL COMMENT 'as last read before the money was taken out',
  end_read_at       DATETIME(3) NULL,
  end_typed         BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'a dead meter: typed from its display, with a photo',
  UNIQUE KEY account_close_supply_once (close_id, supply_id),
  KEY account_close_supply_supply (supply_id, id),
  CONSTRAINT account_close_supply_close FOREIGN KEY (close_id) REFERENCES account_close (id),
  CONSTRAINT account_close_supply_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT account_close_supply_meter FOREIGN KEY (meter_id) REFERENCES meter (id),
  CONSTRAINT account_close_supply_adjustment FOREIGN KEY (adjustment_id) REFERENCES adjustment (id),
  CONSTRAINT account_close_supply_trip FOREIGN KEY (trip_command_id) REFERENCES command (id)
) ENGINE=InnoDB;

-- A refund of a closing hangs on a payment too, and on the closing instead of an adjustment.
ALTER TABLE refund MODIFY COLUMN source ENUM('undelivered','suspense','adjustment','close') NOT NULL;
ALTER TABLE refund ADD COLUMN IF NOT EXISTS close_id BIGINT NULL AFTER adjustment_id;
ALTER TABLE refund ADD CONSTRAINT refund_close FOREIGN KEY IF NOT EXISTS refund_close (close_id) REFERENCES account_close (id);
ALTER TABLE refund DROP CONSTRAINT IF EXISTS refund_close_source;
ALTER TABLE refund ADD CONSTRAINT refund_close_source CHECK ((source = 'close') = (close_id IS NOT NULL));

-- How the deposit came; NULL: it was held before the account was opened here.
ALTER TABLE account ADD COLUMN IF NOT EXISTS deposit_channel VARCHAR(32) NULL AFTER deposit_fen;

-- The deposits of accounts that are open already.
INSERT IGNORE INTO ledger_account (code) SELECT c.code FROM (SELECT 'deposit' AS code UNION ALL SELECT 'opening') c
  WHERE EXISTS (SELECT 1 FROM account WHERE state = 'open' AND deposit_fen > 0);
INSERT IGNORE INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)
  SELECT 'deposit_held', 'account', a.id, d.id, c.id, a.deposit_fen, a.opened_at FROM account a, ledger_account d, ledger_account c
  WHERE a.state = 'open' AND a.deposit_fen > 0 AND d.code = 'opening' AND c.code = 'deposit';
