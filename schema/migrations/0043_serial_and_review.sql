-- When the serial number itself was read last: read_at moves with any slow block, so a freeze could be ended on an old serial number. Re-runnable.
ALTER TABLE meter_parameter ADD COLUMN IF NOT EXISTS serial_read_at DATETIME(3) NULL COMMENT 'of serial_number' AFTER serial_number;

-- Somebody looked at a day of the proof that nothing explains; rows are never changed. Re-runnable.
CREATE TABLE IF NOT EXISTS proof_review (
  proof_id     BIGINT NOT NULL PRIMARY KEY,
  reviewed_by  BIGINT NOT NULL,
  reason       VARCHAR(200) NOT NULL,
  reviewed_at  DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  CONSTRAINT proof_review_proof FOREIGN KEY (proof_id) REFERENCES proof (id),
  CONSTRAINT proof_review_user FOREIGN KEY (reviewed_by) REFERENCES user (id)
) ENGINE=InnoDB;
