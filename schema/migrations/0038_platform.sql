-- Platform mode 平台计费: from when to when the ledger holds a supply's money, and the change between the modes.
-- States of a change: core/rules/mode_change_state.h. Every statement may run again.

ALTER TABLE supply ADD COLUMN IF NOT EXISTS overdraft_fen BIGINT NOT NULL DEFAULT 0
  COMMENT 'platform mode: debt at which power is cut; in meter mode the meter has its own';

ALTER TABLE adjustment MODIFY COLUMN kind
  ENUM('refund','reversal','wrong_shop','correction','swap','close','fence','mode') NOT NULL;
ALTER TABLE adjustment DROP CONSTRAINT IF EXISTS adjustment_amount;
ALTER TABLE adjustment ADD CONSTRAINT adjustment_amount CHECK (amount_fen BETWEEN -1000000000000 AND 1000000000000
  AND (amount_fen <> 0 OR kind IN ('fence','swap','close','mode')));

-- From one mode to the other. moved_fen: what really left the meter, or really reached it.
CREATE TABLE IF NOT EXISTS mode_change (
  id             BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id      BIGINT NOT NULL,
  account_id     BIGINT NOT NULL,
  epoch          INT NOT NULL,
  to_mode        ENUM('meter','platform') NOT NULL,
  state          ENUM('asked','approved','moving','switching','stuck','done','refused','rejected','expired','cancelled')
                 NOT NULL DEFAULT 'asked',
  wait_code      VARCHAR(32) NOT NULL DEFAULT '' COMMENT 'why it waits, or why it was refused',
  reason         VARCHAR(200) NOT NULL,
  overdraft_fen  BIGINT NOT NULL DEFAULT 0 COMMENT 'to platform: debt at which power is cut',
  maker_id       BIGINT NOT NULL,
  checker_id     BIGINT NULL,
  approval_id    BIGINT NULL,
  adjustment_id  BIGINT NULL COMMENT 'takes the money out of the meter, or brings it in',
  push_id        BIGINT NULL COMMENT 'switches fee control, the last one tried',
  moved_fen      BIGINT NULL,
  created_at     DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  moving_at      DATETIME(3) NULL,
  moved_at       DATETIME(3) NULL,
  ended_at       DATETIME(3) NULL,
  changed_at     DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  live_supply    BIGINT AS (IF(state IN ('asked','approved','moving','switching','stuck'), supply_id, NULL)) PERSISTENT,
  UNIQUE KEY mode_change_live (live_supply),
  KEY mode_change_supply (supply_id, id),
  KEY mode_change_state (state, id),
  CONSTRAINT mode_change_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT mode_change_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT mode_change_epoch FOREIGN KEY (supply_id, epoch) REFERENCES supply_epoch (supply_id, epoch),
  CONSTRAINT mode_change_maker FOREIGN KEY (maker_id) REFERENCES user (id),
  CONSTRAINT mode_change_checker FOREIGN KEY (checker_id) REFERENCES user (id),
  CONSTRAINT mode_change_approval FOREIGN KEY (approval_id) REFERENCES approval (id),
  CONSTRAINT mode_change_adjustment FOREIGN KEY (adjustment_id) REFERENCES adjustment (id),
  CONSTRAINT mode_change_push FOREIGN KEY (push_id) REFERENCES push (id),
  CONSTRAINT mode_change_overdraft CHECK (overdraft_fen BETWEEN 0 AND 1000000000000),
  CONSTRAINT mode_change_four_eyes CHECK (state IN ('asked','rejected','expired','cancelled')
    OR (checker_id IS NOT NULL AND checker_id <> maker_id)),
  CONSTRAINT mode_change_moved CHECK (state NOT IN ('switching','stuck','done') OR moved_fen IS NOT NULL),
  CONSTRAINT mode_change_ended CHECK ((state IN ('done','refused','rejected','expired','cancelled')) = (ended_at IS NOT NULL))
) ENGINE=InnoDB;

-- While the ledger holds the money of a supply: the reading that it begins with, and how far use was charged. Registers that a
-- meter does not have are NULL.
CREATE TABLE IF NOT EXISTS platform_span (
  id                BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id         BIGINT NOT NULL,
  epoch             INT NOT NULL COMMENT 'in which it began',
  mode_change_id    BIGINT NULL COMMENT 'NULL: it was opened in this mode',
  from_at           DATETIME(3) NOT NULL,
  energy_wh         BIGINT NOT NULL,
  energy_sharp_wh   BIGINT NULL, energy_peak_wh BIGINT NULL, energy_flat_wh BIGINT NULL, energy_valley_wh BIGINT NULL,
  charged_at        DATETIME(3) NOT NULL COMMENT 'use is charged up to here',
  seen_at           DATETIME(3) NOT NULL COMMENT 'the last reading that was looked at',
  low               BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'less than two intervals of money: each reading is charged',
  trip_command_id   BIGINT NULL COMMENT 'our order when the money was used up; power comes back with money',
  end_change_id     BIGINT NULL,
  until_at          DATETIME(3) NULL,
  live_supply       BIGINT AS (IF(until_at IS NULL, supply_id, NULL)) PERSISTENT,
  UNIQUE KEY platform_span_live (live_supply),
  KEY platform_span_supply (supply_id, from_at),
  CONSTRAINT platform_span_epoch FOREIGN KEY (supply_id, epoch) REFERENCES supply_epoch (supply_id, epoch),
  CONSTRAINT platform_span_change FOREIGN KEY (mode_change_id) REFERENCES mode_change (id),
  CONSTRAINT platform_span_end_change FOREIGN KEY (end_change_id) REFERENCES mode_change (id),
  CONSTRAINT platform_span_trip FOREIGN KEY (trip_command_id) REFERENCES command (id),
  CONSTRAINT platform_span_order CHECK (charged_at >= from_at AND (until_at IS NULL OR until_at >= charged_at))
) ENGINE=InnoDB;

ALTER TABLE charge ADD COLUMN IF NOT EXISTS span_id BIGINT NULL COMMENT 'platform mode: posted as use with this row' AFTER epoch;
ALTER TABLE charge ADD FOREIGN KEY IF NOT EXISTS charge_span (span_id) REFERENCES platform_span (id);
