-- zh: 每个供电点同一时刻最多有一件在途的写表动作（下发或清退）。
-- en: At most one write is in flight on a supply: one delivery or one adjustment.
SELECT supply_id FROM (
  SELECT supply_id FROM delivery WHERE purchase_count IS NOT NULL AND state IN ('sending','fencing','hold','manual')
  UNION ALL SELECT supply_id FROM adjustment WHERE state IN ('writing','manual') AND kind <> 'fence') slot
GROUP BY supply_id HAVING COUNT(*) > 1;
