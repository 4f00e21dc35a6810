-- zh: 每条已确认的下发都有证据：读回的次数是我们的，余额等于下发前 + 金额 - 期间用电费用（在允许误差内），或由人裁定。
-- en: Each confirmed delivery is proved: the count read back is ours and the balance is before + amount - cost of the use since, within its tolerance; or a person decided.
SELECT id AS delivery_id FROM delivery
WHERE state = 'confirmed' AND decided_by IS NULL AND NOT (after_count = purchase_count AND before_count = purchase_count - 1
  AND ABS(after_balance_fen - (before_balance_fen + amount_fen - use_cost_fen)) <= tolerance_fen);
