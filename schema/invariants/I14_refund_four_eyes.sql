-- zh: 每笔人工退款都由另一个人复核，且同一付款的退款总额不超过到账金额。
-- en: Each refund that somebody asked for was agreed by a second person, and a payment's refunds never exceed what came.
SELECT r.payment_id, MIN(r.id) AS refund_id FROM refund r JOIN payment p ON p.id = r.payment_id
WHERE r.state IN ('approved','submitted','succeeded','failed','suspense')
GROUP BY r.payment_id, p.amount_fen
HAVING SUM(NOT r.automatic AND (r.checker_id IS NULL OR r.checker_id = r.maker_id)) > 0 OR SUM(r.amount_fen) > p.amount_fen;
