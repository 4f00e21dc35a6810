-- zh: 同一表计周期内，每个购电次数只用一次。
-- en: Within an epoch of a supply each count is used once.
SELECT supply_id, epoch, purchase_count FROM delivery WHERE purchase_count IS NOT NULL
GROUP BY supply_id, epoch, purchase_count HAVING COUNT(*) > 1;
