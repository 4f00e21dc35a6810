-- zh: 每条验证过的到账凭据都落在一笔已到账的付款上（没有订单的钱也要记为待处理）。
-- en: Each verified message that money came belongs to a settled payment; money for no order stands in suspense.
SELECT e.id AS payment_event_id FROM payment_event e LEFT JOIN payment p ON p.id = e.payment_id
WHERE e.paid AND e.verified AND e.verdict NOT IN ('conflict','wrong_currency') AND (p.id IS NULL OR p.state <> 'settled');
