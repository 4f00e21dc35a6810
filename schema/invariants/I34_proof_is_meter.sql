-- zh: 仪表计费的供电点，最近一次逐日核对的期末等于电表在该时刻的余额。
-- en: Where the meter holds the money, the closing balance of the last proved day is what the meter said there.
SELECT p.supply_id, p.closing_fen, p.meter_fen FROM proof p JOIN supply_epoch e ON e.id = p.epoch_id AND e.closed_at IS NULL
WHERE p.mode = 'meter' AND p.closing_fen <> p.meter_fen
  AND p.to_at = (SELECT MAX(x.to_at) FROM proof x WHERE x.supply_id = p.supply_id);
