-- zh: 换表前后相接：旧表取出的金额等于新表中已有的加上转入的，旧周期的终值和新周期的起值就是换表记录的数值，差额已记更正。
-- en: A swap joins its two epochs: what left the old meter is covered or carried by the new one, both epochs have its figures, and the difference is posted.
SELECT w.id AS swap_id, COALESCE(j.left_fen, 0) AS left_fen, w.covered_fen, w.carried_fen FROM meter_swap w
LEFT JOIN adjustment j ON j.id = w.adjustment_id
LEFT JOIN supply_epoch o ON o.supply_id = w.supply_id AND o.epoch = w.old_epoch
LEFT JOIN supply_epoch n ON n.supply_id = w.supply_id AND n.epoch = w.new_epoch
LEFT JOIN (SELECT swap_id, SUM(amount_fen) AS fen FROM purchase WHERE swap_id IS NOT NULL GROUP BY swap_id) b ON b.swap_id = w.id
LEFT JOIN transfer c ON c.posting = 'swap_carried' AND c.object_kind = 'swap' AND c.object_id = w.id
LEFT JOIN transfer k ON k.posting = 'correction' AND k.object_kind = 'swap' AND k.object_id = w.id
WHERE w.state IN ('exchanged','done') AND NOT (COALESCE(j.left_fen, 0) = w.covered_fen + w.carried_fen
  AND COALESCE(b.fen, 0) = w.carried_fen AND COALESCE(c.amount_fen, 0) = w.covered_fen
  AND COALESCE(k.amount_fen, 0) = ABS(w.correction_fen) AND o.closed_at IS NOT NULL AND o.closed_at <= n.opened_at
  AND o.meter_id = w.old_meter_id AND o.close_count = w.old_count AND o.close_energy_wh = w.old_energy_wh
  AND (o.close_balance_fen = w.old_balance_fen - IF(w.old_dead, 0, COALESCE(j.left_fen, 0)) OR j.id IS NULL)
  AND o.close_typed = w.old_dead AND n.meter_id = w.new_meter_id AND n.open_count = w.new_count
  AND n.open_balance_fen = w.new_balance_fen AND n.open_energy_wh = w.new_energy_wh);
