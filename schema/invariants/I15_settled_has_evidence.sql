-- zh: 每笔已到账的付款都有一条验证过的到账凭据，金额相同。
-- en: Each settled payment has verified evidence that this amount came.
SELECT p.id AS payment_id FROM payment p WHERE p.state = 'settled' AND NOT EXISTS (
  SELECT 1 FROM payment_event e WHERE e.payment_id = p.id AND e.paid AND e.verified AND e.amount_fen = p.amount_fen
    AND e.currency = p.currency);
