-- zh: 每条已确认的下发、每笔记入平台的购电都有同额分录，反过来也一样。
-- en: Each confirmed delivery and each credited purchase has its transfer of the same amount, and each such transfer its delivery or purchase.
SELECT 'delivery' AS object_kind, d.id AS object_id FROM delivery d LEFT JOIN transfer t
  ON t.posting = 'delivery_confirmed' AND t.object_kind = 'delivery' AND t.object_id = d.id AND t.amount_fen = d.amount_fen
WHERE d.state = 'confirmed' AND t.id IS NULL
UNION ALL
SELECT 'purchase', b.id FROM purchase b LEFT JOIN transfer t
  ON t.posting = 'payment_credited' AND t.object_kind = 'purchase' AND t.object_id = b.id AND t.amount_fen = b.amount_fen
WHERE b.state = 'credited' AND t.id IS NULL
UNION ALL
SELECT 'transfer', t.id FROM transfer t LEFT JOIN delivery d ON t.object_kind = 'delivery' AND d.id = t.object_id AND d.state = 'confirmed'
WHERE t.posting = 'delivery_confirmed' AND d.id IS NULL;
