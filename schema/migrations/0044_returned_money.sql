-- Money that a meter swap took out and that was to be delivered again, when that delivery was cancelled or fenced: it stands in
-- adjustment_clearing and waits here, by name, until it is delivered again or paid back to a payer. Re-runnable.
CREATE TABLE IF NOT EXISTS returned_money (
  id                 BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  purchase_id        BIGINT NOT NULL COMMENT 'of origin returned, called off',
  account_id         BIGINT NOT NULL,
  supply_id          BIGINT NOT NULL,
  amount_fen         BIGINT NOT NULL,
  state              ENUM('waiting','delivered','refunded','undone') NOT NULL DEFAULT 'waiting'
                     COMMENT 'delivered: goes on as another purchase; undone: its swap was undone',
  again_purchase_id  BIGINT NULL,
  created_at         DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  ended_at           DATETIME(3) NULL,
  UNIQUE KEY returned_money_purchase (purchase_id),
  UNIQUE KEY returned_money_again (again_purchase_id),
  KEY returned_money_state (state, id),
  KEY returned_money_supply (supply_id, state),
  CONSTRAINT returned_money_purchase FOREIGN KEY (purchase_id) REFERENCES purchase (id),
  CONSTRAINT returned_money_again FOREIGN KEY (again_purchase_id) REFERENCES purchase (id),
  CONSTRAINT returned_money_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT returned_money_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT returned_money_amount CHECK (amount_fen > 0),
  CONSTRAINT returned_money_ended CHECK ((state = 'waiting') = (ended_at IS NULL)
    AND (state = 'delivered') = (again_purchase_id IS NOT NULL))
) ENGINE=InnoDB;

-- A refund of it hangs on a payment too, as every refund.
ALTER TABLE refund MODIFY COLUMN source ENUM('undelivered','suspense','adjustment','close','returned') NOT NULL;
ALTER TABLE refund ADD COLUMN IF NOT EXISTS returned_id BIGINT NULL AFTER close_id;
ALTER TABLE refund ADD CONSTRAINT refund_returned FOREIGN KEY IF NOT EXISTS refund_returned (returned_id) REFERENCES returned_money (id);
ALTER TABLE refund DROP CONSTRAINT IF EXISTS refund_returned_source;
ALTER TABLE refund ADD CONSTRAINT refund_returned_source CHECK ((source = 'returned') = (returned_id IS NOT NULL));

-- What was cancelled before this and stands as paid for ever.
INSERT IGNORE INTO ledger_account (code, supply_id) SELECT DISTINCT c.code, b.supply_id FROM (SELECT 'adjustment_clearing' AS code
  UNION ALL SELECT 'meter_clearing') c JOIN purchase b JOIN delivery d ON d.purchase_id = b.id AND d.state IN ('cancelled','fenced')
  WHERE b.state = 'paid' AND b.origin = 'returned';
INSERT IGNORE INTO ledger_account (code) SELECT 'corrections' FROM purchase b JOIN delivery d ON d.purchase_id = b.id
  AND d.state IN ('cancelled','fenced') WHERE b.state = 'paid' AND b.origin IN ('correction','wrong_shop') LIMIT 1;
INSERT IGNORE INTO returned_money (purchase_id, account_id, supply_id, amount_fen)
  SELECT b.id, b.account_id, b.supply_id, b.amount_fen FROM purchase b JOIN delivery d ON d.purchase_id = b.id
  WHERE d.state IN ('cancelled','fenced') AND b.state = 'paid' AND b.origin = 'returned';
INSERT IGNORE INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)
  SELECT CASE b.origin WHEN 'returned' THEN 'adjustment_return_undone' WHEN 'correction' THEN 'correction_given_undone'
    ELSE 'wrong_shop_undone' END, 'purchase', b.id, o.id, c.id, b.amount_fen, UTC_TIMESTAMP(3)
  FROM purchase b JOIN delivery d ON d.purchase_id = b.id AND d.state IN ('cancelled','fenced')
  JOIN ledger_account o ON o.code = 'meter_clearing' AND o.supply_id = b.supply_id
  JOIN ledger_account c ON (b.origin = 'returned' AND c.code = 'adjustment_clearing' AND c.supply_id = b.supply_id)
    OR (b.origin <> 'returned' AND c.code = 'corrections')
  WHERE b.state = 'paid' AND b.origin IN ('returned','correction','wrong_shop');
UPDATE purchase b JOIN delivery d ON d.purchase_id = b.id AND d.state IN ('cancelled','fenced')
  SET b.state = 'refunded', b.ended_at = UTC_TIMESTAMP(3)
  WHERE b.state = 'paid' AND b.origin IN ('returned','correction','wrong_shop');
