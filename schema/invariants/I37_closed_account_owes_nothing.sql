-- zh: 销户完成时，每个供电点的商户预付余额、清退待付都是零，之后也没有补记到销户之前的分录。
-- en: When an account was closed the prepaid money and the clearing of each of its supplies stood at zero, and nothing was posted to a moment before it since.
SELECT c.id AS account_close_id, i.supply_id, a.code, SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)) AS left_fen
FROM account_close c JOIN account_close_supply i ON i.close_id = c.id
JOIN ledger_account a ON a.supply_id = i.supply_id AND a.code IN ('tenant_liability','adjustment_clearing','meter_clearing')
JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) AND t.at <= c.ended_at
WHERE c.state = 'closed' GROUP BY c.id, i.supply_id, a.id HAVING left_fen <> 0;
