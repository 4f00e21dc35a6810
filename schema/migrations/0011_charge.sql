-- What use cost, stretch by stretch: core/rules/charge.h. One row a reading (real or estimated) that was charged; period_start_at,
-- period_wh and cost_e5 are the state that the next stretch goes on from, so that a charge is never computed twice.
-- Re-runnable.
CREATE TABLE IF NOT EXISTS charge (
  id               BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id        BIGINT NOT NULL,
  epoch            INT NOT NULL,
  from_at          DATETIME(3) NOT NULL,
  to_at            DATETIME(3) NOT NULL,
  tariff_id        BIGINT NOT NULL,
  mode             ENUM('by_time','by_registers') NOT NULL,
  estimated        BOOLEAN NOT NULL COMMENT 'the reading at to_at lies on a boundary and was estimated',
  energy_wh        BIGINT NOT NULL COMMENT 'total register at to_at',
  energy_sharp_wh  BIGINT NULL, energy_peak_wh BIGINT NULL, energy_flat_wh BIGINT NULL, energy_valley_wh BIGINT NULL,
  energy_deep_wh   BIGINT NULL,
  fen              BIGINT NOT NULL COMMENT 'of this stretch',
  period_start_at  DATETIME(3) NOT NULL,
  period_wh        BIGINT NOT NULL COMMENT 'used in the period up to to_at',
  cost_e5          BIGINT NOT NULL COMMENT 'its exact cost, 1/100000 fen',
  posted_at        DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY charge_once (supply_id, epoch, to_at),
  KEY charge_period (supply_id, period_start_at),
  CONSTRAINT charge_epoch FOREIGN KEY (supply_id, epoch) REFERENCES supply_epoch (supply_id, epoch),
  CONSTRAINT charge_tariff FOREIGN KEY (tariff_id) REFERENCES tariff (id),
  CONSTRAINT charge_order CHECK (to_at > from_at),
  CONSTRAINT charge_figures CHECK (energy_wh >= 0 AND period_wh >= 0)
) ENGINE=InnoDB;
