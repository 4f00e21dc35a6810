-- zh: 没有账户付出比收进更多的钱：已付未下发、清退待付、应付退款、待处理款项都不在借方。
-- en: No account gave more than it got: paid-not-delivered, taken-out, refunds promised and suspense never stand on the debit side.
SELECT a.id AS ledger_account_id, a.code, SUM(IF(t.debit_id = a.id, t.amount_fen, -t.amount_fen)) AS over_fen
FROM ledger_account a JOIN transfer t ON a.id IN (t.debit_id, t.credit_id)
WHERE a.code IN ('adjustment_clearing','meter_clearing','refund_payable','suspense')
GROUP BY a.id, a.code HAVING over_fen > 0;
