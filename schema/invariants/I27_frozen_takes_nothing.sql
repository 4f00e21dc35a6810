-- zh: 冻结的供电点在冻结之后没有新给出的购电次数；两人补录、从未发送的已到表购电除外。
-- en: No count was given on a supply after it was frozen, but to what two people entered as in the meter already and nobody ever sent.
SELECT d.id AS delivery_id FROM delivery d JOIN supply s ON s.id = d.supply_id
WHERE s.frozen_at IS NOT NULL AND d.claimed_at > s.frozen_at AND NOT (d.sends = 0 AND EXISTS (
  SELECT 1 FROM approval a WHERE a.id = d.approval_id AND a.kind = 'backfill' AND a.state = 'approved'));
