-- What the nightly run of schema/invariants found: one row an invariant. Re-runnable.
CREATE TABLE IF NOT EXISTS invariant_result (
  name             VARCHAR(64) NOT NULL PRIMARY KEY,
  zh               VARCHAR(300) NOT NULL,
  en               VARCHAR(300) NOT NULL,
  state            ENUM('ok','broken','unknown') NOT NULL COMMENT 'unknown: it could not be checked',
  offenders        TEXT NOT NULL DEFAULT '' COMMENT 'one a line, at most twenty',
  checked_at       DATETIME(3) NOT NULL,
  broken_since_at  DATETIME(3) NULL
) ENGINE=InnoDB;
