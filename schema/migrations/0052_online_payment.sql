-- Orders that a provider is asked for, and refunds that nobody has to agree to. Re-runnable.
ALTER TABLE payment
  ADD COLUMN IF NOT EXISTS scene ENUM('counter','qr','phone','in_app','page') NOT NULL DEFAULT 'counter' COMMENT 'where the payer stands',
  ADD COLUMN IF NOT EXISTS client_ip VARCHAR(45) NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS open_id_sealed VARBINARY(240) NULL COMMENT 'scene in_app: the payer at the provider, sealed with the field key',
  ADD COLUMN IF NOT EXISTS offer JSON NULL COMMENT 'what the payer was handed: hand, text, fields',
  ADD COLUMN IF NOT EXISTS asked_at DATETIME(3) NULL COMMENT 'committed before the first request leaves',
  ADD COLUMN IF NOT EXISTS tries INT NOT NULL DEFAULT 0 COMMENT 'requests of the present kind without a proof',
  ADD COLUMN IF NOT EXISTS page_at DATETIME(3) NULL COMMENT 'when the pay page last looked',
  ADD COLUMN IF NOT EXISTS close_asked_at DATETIME(3) NULL COMMENT 'somebody called it off, or its time is over',
  ADD COLUMN IF NOT EXISTS fail_code VARCHAR(64) NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS token_hash BINARY(32) NULL COMMENT 'of the pay sticker: who holds the token sees this order',
  ADD UNIQUE KEY IF NOT EXISTS payment_token (token_hash);

-- Which providers are offered now; paywatt-jobs writes it, the web sides only read it.
CREATE TABLE IF NOT EXISTS pay_channel (
  channel     VARCHAR(32) NOT NULL,
  merchant    VARCHAR(32) NOT NULL,
  scenes      VARCHAR(80) NOT NULL COMMENT 'of payment.scene, comma between',
  app_id      VARCHAR(64) NOT NULL DEFAULT '' COMMENT 'public: web authorisation needs it',
  state       ENUM('up','down') NOT NULL COMMENT 'down: its breaker is open',
  checked_at  DATETIME(3) NOT NULL,
  PRIMARY KEY (channel, merchant)
) ENGINE=InnoDB;

-- A second payment, or a late one that the site does not take, goes back by itself: nobody asked, nobody agrees.
ALTER TABLE refund
  ADD COLUMN IF NOT EXISTS automatic BOOLEAN NOT NULL DEFAULT FALSE,
  ADD COLUMN IF NOT EXISTS tries INT NOT NULL DEFAULT 0,
  MODIFY COLUMN maker_id BIGINT NULL,
  DROP CONSTRAINT IF EXISTS refund_four_eyes,
  DROP CONSTRAINT IF EXISTS refund_made,
  ADD CONSTRAINT refund_four_eyes CHECK (automatic OR state IN ('asked','rejected','expired','cancelled')
    OR (checker_id IS NOT NULL AND checker_id <> maker_id)),
  ADD CONSTRAINT refund_made CHECK (automatic OR maker_id IS NOT NULL);
