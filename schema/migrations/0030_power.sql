-- The clock from money to power ends by a reading, or by whoever closed the breaker where no meter can see that. Re-runnable.
ALTER TABLE purchase
  ADD COLUMN IF NOT EXISTS power_by BIGINT NULL COMMENT 'who said that power is there; null: a reading did' AFTER power_at,
  ADD FOREIGN KEY IF NOT EXISTS purchase_power_by (power_by) REFERENCES user (id),
  ADD KEY IF NOT EXISTS purchase_power (power_at, state, paid_at);
