-- zh: 每笔已到账的付款恰好有一条收款分录（正常或待处理），金额相同。
-- en: Each settled payment has exactly one transfer for its money, as paid or as suspense, of the same amount.
SELECT p.id AS payment_id FROM payment p LEFT JOIN transfer t
  ON t.object_kind = 'payment' AND t.object_id = p.id AND t.posting IN ('payment_settled','payment_suspense')
WHERE p.state = 'settled'
GROUP BY p.id, p.amount_fen HAVING COUNT(t.id) <> 1 OR MAX(t.amount_fen) <> p.amount_fen;
