-- zh: 用过的购电次数从接管时的次数加一开始，中间没有空缺。
-- en: The counts of an epoch begin one above the opening count and have no gap.
SELECT e.supply_id, e.epoch, MAX(d.purchase_count) AS last_count, COUNT(*) AS given
FROM delivery d JOIN supply_epoch e ON e.supply_id = d.supply_id AND e.epoch = d.epoch
WHERE d.purchase_count IS NOT NULL
GROUP BY e.supply_id, e.epoch, e.open_count HAVING MAX(d.purchase_count) - e.open_count <> COUNT(*);
