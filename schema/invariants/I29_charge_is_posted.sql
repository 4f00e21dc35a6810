-- zh: 平台计费的每段电费（非零）都有同额的用电分录。
-- en: Each charge of a supply in platform mode has its transfer of use with the same amount.
SELECT c.id AS charge_id FROM charge c JOIN supply s ON s.id = c.supply_id
LEFT JOIN transfer t ON t.posting = 'use' AND t.object_kind = 'charge' AND t.object_id = c.id AND t.amount_fen = c.fen
WHERE s.billing_mode = 'platform' AND c.epoch = s.epoch AND c.fen <> 0 AND t.id IS NULL;
