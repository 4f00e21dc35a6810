-- zh: 换表转入被撤销的金额有名有数：每笔都在清退待付里等待，或已重新下发、已退款、随换表撤销。
-- en: Money of a swap whose delivery was called off waits by name in the clearing, or was delivered again, refunded, or undone with its swap.
SELECT 'purchase' AS what, b.id FROM purchase b LEFT JOIN returned_money r ON r.purchase_id = b.id AND r.amount_fen = b.amount_fen
  LEFT JOIN meter_swap w ON w.id = b.swap_id AND w.state = 'undone'
WHERE b.origin = 'returned' AND b.state = 'refunded' AND r.id IS NULL AND w.id IS NULL
UNION ALL
SELECT 'delivered', r.id FROM returned_money r JOIN purchase n ON n.id = r.again_purchase_id
WHERE n.amount_fen <> r.amount_fen OR n.origin <> 'returned' OR n.supply_id <> r.supply_id
UNION ALL
SELECT 'refunded', r.id FROM returned_money r LEFT JOIN refund f ON f.returned_id = r.id AND f.amount_fen = r.amount_fen
  AND f.state IN ('submitted','succeeded','failed','suspense')
GROUP BY r.id, r.state HAVING COUNT(f.id) <> IF(r.state = 'refunded', 1, 0)
UNION ALL
SELECT 'waiting', r.supply_id FROM (SELECT supply_id, SUM(amount_fen) AS fen FROM returned_money WHERE state = 'waiting'
  GROUP BY supply_id) r
LEFT JOIN (SELECT a.supply_id, SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)) AS fen FROM ledger_account a
  JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) WHERE a.code = 'adjustment_clearing' GROUP BY a.supply_id) c
  ON c.supply_id = r.supply_id
WHERE COALESCE(c.fen, 0) < r.fen;
