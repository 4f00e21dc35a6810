-- Old card balances 旧卡余额: money on a tenant's card at take-over that never reached the meter. It is booked as opening money on its
-- way and delivered as the first purchase. Re-runnable.
ALTER TABLE take_over_row
  ADD COLUMN IF NOT EXISTS card_balance_fen BIGINT NULL COMMENT 'on the old card, not in the meter';
ALTER TABLE purchase
  MODIFY origin ENUM('payment','wrong_shop','returned','suspense','correction','opening') NOT NULL DEFAULT 'payment';
