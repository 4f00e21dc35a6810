-- zh: 每笔已到账的付款恰好处于一种去向：已下发、已记账、已退款、待处理、在途，且与购电、下发、退款的事实一致。
-- en: Each settled payment is exactly one of delivered, credited, refunded, suspense or pending, as its purchase, delivery and refunds say.
SELECT p.id AS payment_id, p.disposition
FROM payment p LEFT JOIN purchase b ON b.id = p.purchase_id LEFT JOIN delivery d ON d.purchase_id = b.id
LEFT JOIN (SELECT payment_id, SUM(amount_fen) AS given_back_fen FROM refund
  WHERE state IN ('submitted','succeeded','failed','suspense') AND source IN ('undelivered','suspense') GROUP BY payment_id) r
  ON r.payment_id = p.id
WHERE p.state = 'settled' AND NOT CASE p.disposition
  WHEN 'pending' THEN b.state = 'paid' AND COALESCE(r.given_back_fen, 0) = 0
    AND (d.state IN ('pending','sending','fencing','hold','manual','fenced','cancelled') OR (b.mode = 'platform' AND d.id IS NULL))
  WHEN 'delivered' THEN b.state = 'delivered' AND d.state = 'confirmed' AND COALESCE(r.given_back_fen, 0) = 0
  WHEN 'credited' THEN b.state = 'credited' AND (d.id IS NULL OR d.state = 'cancelled') AND COALESCE(r.given_back_fen, 0) = 0
  WHEN 'refunded' THEN COALESCE(r.given_back_fen, 0) = p.amount_fen
  WHEN 'suspense' THEN COALESCE(r.given_back_fen, 0) = 0
  ELSE FALSE END;
