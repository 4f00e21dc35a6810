-- zh: 平台计费的每段电费（非零）都有同额的用电分录，反过来也一样。
-- en: Each charge of platform mode has its transfer of use with the same amount, and each such transfer its charge.
SELECT c.id AS charge_id FROM charge c
LEFT JOIN transfer t ON t.posting = 'use' AND t.object_kind = 'charge' AND t.object_id = c.id AND t.amount_fen = c.fen
WHERE c.span_id IS NOT NULL AND c.fen <> 0 AND t.id IS NULL
UNION ALL
SELECT t.object_id FROM transfer t LEFT JOIN charge c ON c.id = t.object_id
WHERE t.posting = 'use' AND t.object_kind = 'charge' AND c.id IS NULL;
