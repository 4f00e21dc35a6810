-- zh: 冻结的供电点在冻结之后没有新给出的购电次数。
-- en: No count was given on a supply after it was frozen.
SELECT d.id AS delivery_id FROM delivery d JOIN supply s ON s.id = d.supply_id
WHERE s.frozen_at IS NOT NULL AND d.claimed_at > s.frozen_at;
