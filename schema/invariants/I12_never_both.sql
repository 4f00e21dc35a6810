-- zh: 没有一笔付款既下发到电表又作为未下发退款。
-- en: No payment is both delivered and refunded as undelivered.
SELECT r.id AS refund_id FROM refund r JOIN payment p ON p.id = r.payment_id JOIN delivery d ON d.purchase_id = p.purchase_id
WHERE r.source = 'undelivered' AND r.state IN ('submitted','succeeded','failed','suspense') AND d.state = 'confirmed';
