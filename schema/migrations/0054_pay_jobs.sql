-- Refunds through providers: when they took it, so that from then on it is asked about. Re-runnable.
ALTER TABLE refund
  ADD COLUMN IF NOT EXISTS accepted_at DATETIME(3) NULL COMMENT 'the provider took it, the money had not moved yet';
