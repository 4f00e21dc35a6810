-- Meter swap 换表: the old meter's last figures, the new meter's first, and the money between them. Steps and moves:
-- core/rules/swap_state.h. What is carried into the new meter are purchases of origin `returned` that name the swap.
-- Re-runnable.
CREATE TABLE IF NOT EXISTS meter_swap (
  id                 BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id          BIGINT NOT NULL,
  account_id         BIGINT NOT NULL,
  state              ENUM('asked','emptying','emptied','exchanged','done','undone','refused','rejected','expired','cancelled')
                     NOT NULL DEFAULT 'asked',
  reason             VARCHAR(200) NOT NULL,
  maker_id           BIGINT NOT NULL,
  checker_id         BIGINT NULL,
  approval_id        BIGINT NULL,
  old_epoch          INT NOT NULL,
  old_meter_id       BIGINT NOT NULL,
  old_dead           BOOLEAN NOT NULL COMMENT 'does not answer any more: its figures are typed, with a photo',
  evidence_sha256    BINARY(32) NULL COMMENT 'photo of the dead meter',
  adjustment_id      BIGINT NULL COMMENT 'took the money out, or says what was typed',
  old_balance_fen    BIGINT NULL COMMENT 'before its money was taken out',
  old_count          INT NULL,
  old_energy_wh      BIGINT NULL,
  old_taken_at       DATETIME(3) NULL COMMENT 'moment of these figures: the end of the old epoch',
  wanted             JSON NULL COMMENT 'what stood in the old meter when this was asked, as a push wants it: core/rules/push.h',
  survey_id          BIGINT NULL COMMENT 'field_request that asked the meter below',
  survey_old         BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'that question went to the old meter, for an undo',
  new_number         VARCHAR(32) NOT NULL DEFAULT '',
  new_line_id        BIGINT NULL,
  new_address        INT NULL,
  new_model_id       BIGINT NULL,
  new_serial_number  VARCHAR(20) NOT NULL DEFAULT '' COMMENT 'of its name plate; compared with what it answers',
  new_ct_ratio       INT NOT NULL DEFAULT 1,
  new_pt_ratio       INT NOT NULL DEFAULT 1,
  new_meter_id       BIGINT NULL,
  new_epoch          INT NULL,
  new_balance_fen    BIGINT NULL,
  new_count          INT NULL,
  new_energy_wh      BIGINT NULL,
  new_taken_at       DATETIME(3) NULL,
  covered_fen        BIGINT NOT NULL DEFAULT 0 COMMENT 'of the carried money, what the new meter held already',
  carried_fen        BIGINT NOT NULL DEFAULT 0 COMMENT 'of the carried money, what is delivered into the new meter',
  correction_fen     BIGINT NOT NULL DEFAULT 0 COMMENT 'posted to corrections: a debt that stays outside, or more than belonged into it',
  back_epoch         INT NULL COMMENT 'undone: the old meter again',
  undone_by          BIGINT NULL,
  undo_reason        VARCHAR(200) NOT NULL DEFAULT '',
  created_at         DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  emptied_at         DATETIME(3) NULL,
  exchanged_at       DATETIME(3) NULL,
  ended_at           DATETIME(3) NULL,
  live_supply        BIGINT AS (IF(state IN ('asked','emptying','emptied','exchanged'), supply_id, NULL)) PERSISTENT,
  UNIQUE KEY meter_swap_live (live_supply),
  KEY meter_swap_supply (supply_id, id),
  KEY meter_swap_adjustment (adjustment_id),
  KEY meter_swap_approval (approval_id),
  CONSTRAINT meter_swap_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT meter_swap_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT meter_swap_maker FOREIGN KEY (maker_id) REFERENCES user (id),
  CONSTRAINT meter_swap_checker FOREIGN KEY (checker_id) REFERENCES user (id),
  CONSTRAINT meter_swap_approval FOREIGN KEY (approval_id) REFERENCES approval (id),
  CONSTRAINT meter_swap_old FOREIGN KEY (supply_id, old_epoch) REFERENCES supply_epoch (supply_id, epoch),
  CONSTRAINT meter_swap_old_meter FOREIGN KEY (old_meter_id) REFERENCES meter (id),
  CONSTRAINT meter_swap_new FOREIGN KEY (supply_id, new_epoch) REFERENCES supply_epoch (supply_id, epoch),
  CONSTRAINT meter_swap_back FOREIGN KEY (supply_id, back_epoch) REFERENCES supply_epoch (supply_id, epoch),
  CONSTRAINT meter_swap_new_meter FOREIGN KEY (new_meter_id) REFERENCES meter (id),
  CONSTRAINT meter_swap_line FOREIGN KEY (new_line_id) REFERENCES line (id),
  CONSTRAINT meter_swap_model FOREIGN KEY (new_model_id) REFERENCES model (id),
  CONSTRAINT meter_swap_adjustment FOREIGN KEY (adjustment_id) REFERENCES adjustment (id),
  CONSTRAINT meter_swap_undone_by FOREIGN KEY (undone_by) REFERENCES user (id),
  CONSTRAINT meter_swap_four_eyes CHECK (state IN ('asked','rejected','expired') OR (checker_id IS NOT NULL AND checker_id <> maker_id)),
  CONSTRAINT meter_swap_typed CHECK (NOT old_dead OR (evidence_sha256 IS NOT NULL AND old_count IS NOT NULL AND old_balance_fen IS NOT NULL
    AND old_energy_wh IS NOT NULL)),
  CONSTRAINT meter_swap_figures CHECK (state NOT IN ('emptied','exchanged','done','undone') OR (old_count IS NOT NULL
    AND old_balance_fen IS NOT NULL AND old_energy_wh IS NOT NULL AND old_taken_at IS NOT NULL)),
  CONSTRAINT meter_swap_exchanged CHECK ((state IN ('exchanged','done','undone')) = (exchanged_at IS NOT NULL)
    AND (exchanged_at IS NULL OR (new_meter_id IS NOT NULL AND new_epoch IS NOT NULL AND new_count IS NOT NULL AND new_balance_fen IS NOT NULL))),
  CONSTRAINT meter_swap_undone CHECK ((state = 'undone') = (back_epoch IS NOT NULL) AND (state = 'undone') = (undone_by IS NOT NULL)),
  CONSTRAINT meter_swap_money CHECK (covered_fen >= 0 AND carried_fen >= 0)
) ENGINE=InnoDB;

ALTER TABLE purchase
  ADD COLUMN IF NOT EXISTS swap_id BIGINT NULL COMMENT 'origin returned: carried over by this meter swap',
  ADD KEY IF NOT EXISTS purchase_swap (swap_id);
ALTER TABLE purchase ADD FOREIGN KEY IF NOT EXISTS purchase_swap (swap_id) REFERENCES meter_swap (id);

-- A delivery whose old meter went away before it could apply starts again in the new one, as if it had never had a count.
ALTER TABLE delivery
  ADD COLUMN IF NOT EXISTS moved_from_epoch INT NULL COMMENT 'a meter swap brought it here',
  ADD COLUMN IF NOT EXISTS moved_from_count INT NULL COMMENT 'the count it had there, below which that epoch was closed';
