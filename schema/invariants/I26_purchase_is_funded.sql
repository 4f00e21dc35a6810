-- zh: 每笔已付的购电只由一处出资：一笔到账的付款，或一笔同额的内部分录。
-- en: Each paid purchase is funded once: by one settled payment or by one transfer of the same amount.
SELECT b.id AS purchase_id FROM purchase b
LEFT JOIN (SELECT purchase_id, COUNT(*) AS payments FROM payment WHERE state = 'settled' AND disposition <> 'suspense'
  AND suspense_reason IS NULL AND amount_fen > 0 GROUP BY purchase_id) p ON p.purchase_id = b.id
LEFT JOIN (SELECT object_id, COUNT(*) AS transfers, MAX(amount_fen) AS amount_fen FROM transfer
  WHERE object_kind = 'purchase' AND posting IN ('wrong_shop','adjustment_returned','suspense_released','correction_given','opening_card') GROUP BY object_id) t
  ON t.object_id = b.id
WHERE b.state NOT IN ('open','cancelled') AND NOT IF(b.origin = 'payment', COALESCE(p.payments, 0) = 1 AND t.object_id IS NULL,
  COALESCE(p.payments, 0) = 0 AND COALESCE(t.transfers, 0) = 1 AND t.amount_fen = b.amount_fen);
