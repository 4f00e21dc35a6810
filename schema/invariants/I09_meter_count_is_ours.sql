-- zh: 电表上的购电次数等于接管次数加上已确认和已作废的次数，最多再加一次在途。
-- en: The meter's count is the opening count plus confirmed and fenced deliveries, plus at most the one in flight.
SELECT e.supply_id, m.purchase_count AS meter_count, e.open_count, COALESCE(d.burnt, 0) AS burnt
FROM supply s JOIN supply_epoch e ON e.supply_id = s.id AND e.epoch = s.epoch JOIN meter_state m ON m.meter_id = s.meter_id
LEFT JOIN (SELECT supply_id, epoch,
    SUM(state = 'confirmed' OR (state = 'fenced' AND fence_proof <> 'epoch_closed')) AS burnt,
    SUM(slot_supply IS NOT NULL) AS in_flight, MAX(ended_at) AS last_end_at
  FROM delivery GROUP BY supply_id, epoch) d ON d.supply_id = e.supply_id AND d.epoch = e.epoch
WHERE NOT EXISTS (SELECT 1 FROM meter_swap w WHERE w.live_supply = s.id AND w.state IN ('emptying','emptied'))
  AND e.closed_at IS NULL AND m.purchase_count IS NOT NULL AND m.taken_at >= COALESCE(d.last_end_at, e.opened_at)
  AND m.purchase_count - e.open_count - COALESCE(d.burnt, 0) NOT BETWEEN 0 AND COALESCE(d.in_flight, 0);
