-- zh: 未结束的表计周期就是供电点现在的电表和周期。
-- en: An open epoch is that of the supply's present meter.
SELECT e.supply_id, e.epoch, e.meter_id FROM supply_epoch e JOIN supply s ON s.id = e.supply_id
WHERE e.closed_at IS NULL AND (e.epoch <> s.epoch OR e.meter_id <> s.meter_id);
