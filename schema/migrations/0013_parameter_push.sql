-- Prices, thresholds, overdraft and rate tables on their way into meters: a batch, and one row a meter. Absolute values, so writing
-- them again does no harm; only the read-back says that a meter has them. Re-runnable.
CREATE TABLE IF NOT EXISTS push_batch (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  reason       VARCHAR(200) NOT NULL,
  maker_id     BIGINT NULL,
  approval_id  BIGINT NULL,
  due_at       DATETIME(3) NOT NULL COMMENT 'nothing is written before',
  created_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  CONSTRAINT push_batch_maker FOREIGN KEY (maker_id) REFERENCES user (id),
  CONSTRAINT push_batch_approval FOREIGN KEY (approval_id) REFERENCES approval (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS push (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  batch_id    BIGINT NOT NULL,
  supply_id   BIGINT NOT NULL,
  epoch       INT NOT NULL,
  meter_id    BIGINT NOT NULL,
  state       ENUM('pending','writing','confirmed','refused','superseded','cancelled') NOT NULL DEFAULT 'pending',
  wanted      JSON NOT NULL COMMENT 'core/rules/push.h',
  wait_code   VARCHAR(32) NOT NULL DEFAULT '' COMMENT 'why it waits, or why it was refused',
  writes      INT NOT NULL DEFAULT 0,
  written_at  DATETIME(3) NULL,
  ended_at    DATETIME(3) NULL,
  changed_at  DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  KEY push_open (state, meter_id),
  KEY push_batch (batch_id, state),
  KEY push_supply (supply_id, id),
  CONSTRAINT push_batch FOREIGN KEY (batch_id) REFERENCES push_batch (id),
  CONSTRAINT push_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT push_meter FOREIGN KEY (meter_id) REFERENCES meter (id),
  CONSTRAINT push_ended CHECK ((state IN ('confirmed','refused','superseded','cancelled')) = (ended_at IS NOT NULL))
) ENGINE=InnoDB;
