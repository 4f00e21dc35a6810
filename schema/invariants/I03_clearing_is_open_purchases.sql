-- zh: 每个供电点“已付未下发”的余额等于它已付款、尚未下发也未退款的购电金额之和：付款 = 已下发 + 已退 + 在途。
-- en: What stands as paid and not in the meter is the sum of the supply's paid purchases: paid = delivered + refunded + pending.
SELECT s.id AS supply_id, COALESCE(l.owed_fen, 0) AS ledger_fen, COALESCE(p.open_fen, 0) AS purchases_fen
FROM supply s
LEFT JOIN (
  SELECT a.supply_id, SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)) AS owed_fen
  FROM ledger_account a JOIN transfer t ON a.id IN (t.debit_id, t.credit_id)
  WHERE a.code = 'meter_clearing' GROUP BY a.supply_id) l ON l.supply_id = s.id
LEFT JOIN (SELECT supply_id, SUM(amount_fen) AS open_fen FROM purchase WHERE state = 'paid' GROUP BY supply_id) p
  ON p.supply_id = s.id
WHERE COALESCE(l.owed_fen, 0) <> COALESCE(p.open_fen, 0);
