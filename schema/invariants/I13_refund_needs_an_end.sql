-- zh: 未下发退款只能来自从未发出或已作废的下发。
-- en: What was not delivered is refunded only when its delivery was cancelled or fenced.
SELECT r.id AS refund_id FROM refund r JOIN payment p ON p.id = r.payment_id LEFT JOIN delivery d ON d.purchase_id = p.purchase_id
WHERE r.source = 'undelivered' AND r.state IN ('submitted','succeeded','failed','suspense')
  AND COALESCE(d.state, '') NOT IN ('fenced','cancelled');
