-- zh: 已结束的表计周期没有在途下发，最后次数减去最初次数等于已确认和已作废的次数。
-- en: A closed epoch has nothing in flight, and its closing count less its opening count is what was confirmed or fenced.
SELECT e.supply_id, e.epoch FROM supply_epoch e LEFT JOIN delivery d ON d.supply_id = e.supply_id AND d.epoch = e.epoch
WHERE e.closed_at IS NOT NULL
GROUP BY e.supply_id, e.epoch, e.close_count, e.open_count
HAVING COALESCE(SUM(d.slot_supply IS NOT NULL), 0) > 0
  OR e.close_count - e.open_count <> COALESCE(SUM(d.state = 'confirmed' OR (d.state = 'fenced' AND d.fence_proof <> 'epoch_closed')), 0);
