-- zh: 待处理款项的余额等于所有待处理的付款加上付不出去的退款，每笔都有原因。
-- en: The suspense account is the sum of the payments and refunds that wait in it; each has its reason.
SELECT ledger_fen, waiting_fen FROM (SELECT
  (SELECT COALESCE(SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)), 0) FROM ledger_account a
    JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) WHERE a.code = 'suspense') AS ledger_fen,
  (SELECT COALESCE(SUM(amount_fen), 0) FROM payment WHERE disposition = 'suspense')
    + (SELECT COALESCE(SUM(amount_fen), 0) FROM refund WHERE state = 'suspense') AS waiting_fen) s
WHERE ledger_fen <> waiting_fen;
