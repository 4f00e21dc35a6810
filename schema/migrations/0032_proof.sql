-- The daily proof of each supply: core/rules/proof.h. One row a stretch of a day of the site (a day has more than one where an
-- epoch, an account or a tariff changes in it); rows are never changed, what comes late moves use into the next day. Re-runnable.
CREATE TABLE IF NOT EXISTS proof (
  id                 BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id          BIGINT NOT NULL,
  day                DATE NOT NULL COMMENT 'of the site',
  from_at            DATETIME(3) NOT NULL,
  to_at              DATETIME(3) NOT NULL,
  account_id         BIGINT NULL COMMENT 'who had the supply',
  epoch              INT NOT NULL,
  epoch_id           BIGINT NOT NULL COMMENT 'no key: an undone take-over takes its epoch away',
  meter_id           BIGINT NOT NULL,
  mode               ENUM('meter','platform') NOT NULL,
  opening_fen        BIGINT NOT NULL,
  paid_in_fen        BIGINT NOT NULL,
  used_fen           BIGINT NOT NULL COMMENT 'what the meter took, or what was charged; posted in the same transaction',
  refunded_fen       BIGINT NOT NULL,
  corrected_fen      BIGINT NOT NULL,
  closing_fen        BIGINT NOT NULL,
  meter_fen          BIGINT NULL COMMENT 'the meter balance at to_at; NULL: platform',
  how                ENUM('read','estimated','given','charged') NOT NULL COMMENT 'where the closing figures come from; given: of the epoch',
  read_at            DATETIME(3) NULL COMMENT 'of the reading at to_at',
  purchase_count     INT NULL COMMENT 'at to_at, as the registers below',
  energy_wh          BIGINT NULL,
  energy_sharp_wh    BIGINT NULL, energy_peak_wh BIGINT NULL, energy_flat_wh BIGINT NULL, energy_valley_wh BIGINT NULL,
  used_wh            BIGINT NULL,
  used_sharp_wh      BIGINT NULL, used_peak_wh BIGINT NULL, used_flat_wh BIGINT NULL, used_valley_wh BIGINT NULL,
  tariff_id          BIGINT NULL,
  expected_fen       BIGINT NULL COMMENT 'the same use by our tariff',
  difference         ENUM('same','no_tariff','old_price','jump','unexplained') NOT NULL,
  difference_fen     BIGINT NOT NULL COMMENT 'used - expected; 0 where nothing is expected',
  tolerance_fen      BIGINT NOT NULL,
  period_start_at    DATETIME(3) NULL COMMENT 'where the next stretch goes on: core/rules/charge.h',
  period_wh          BIGINT NULL,
  cost_e5            BIGINT NULL,
  posted_at          DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY proof_from (supply_id, from_at),
  UNIQUE KEY proof_to (supply_id, to_at),
  KEY proof_day (day, supply_id),
  KEY proof_difference (difference, day),
  CONSTRAINT proof_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT proof_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT proof_tariff FOREIGN KEY (tariff_id) REFERENCES tariff (id),
  CONSTRAINT proof_order CHECK (to_at > from_at),
  CONSTRAINT proof_mode CHECK ((mode = 'platform') = (how = 'charged') AND (mode = 'platform') = (meter_fen IS NULL)),
  CONSTRAINT proof_adds_up CHECK (opening_fen + paid_in_fen - used_fen - refunded_fen + corrected_fen = closing_fen)
) ENGINE=InnoDB;

-- Which transfers of the prepaid money are in which proof: each once. The use that a proof posts itself is not among them.
CREATE TABLE IF NOT EXISTS proof_line (
  transfer_id  BIGINT NOT NULL PRIMARY KEY,
  proof_id     BIGINT NOT NULL,
  kind         ENUM('opening','paid_in','used','refunded','corrected') NOT NULL,
  change_fen   BIGINT NOT NULL COMMENT 'of the prepaid money: plus came, minus went',
  KEY proof_line_proof (proof_id),
  CONSTRAINT proof_line_transfer FOREIGN KEY (transfer_id) REFERENCES transfer (id),
  CONSTRAINT proof_line_proof FOREIGN KEY (proof_id) REFERENCES proof (id)
) ENGINE=InnoDB;

-- Where each supply stands: when its next day is over, and what that day waits for.
CREATE TABLE IF NOT EXISTS proof_state (
  supply_id  BIGINT NOT NULL PRIMARY KEY,
  due_at     DATETIME(3) NOT NULL COMMENT 'not looked at before',
  day        DATE NULL COMMENT 'the day that waits',
  wait_code  VARCHAR(32) NOT NULL DEFAULT '' COMMENT 'reading, spool, delivery, adjustment, charge',
  since_at   DATETIME(3) NULL,
  KEY proof_state_due (due_at),
  CONSTRAINT proof_state_supply FOREIGN KEY (supply_id) REFERENCES supply (id)
) ENGINE=InnoDB;
