-- zh: 平台计费只在平台计费期内发生，各期不重叠；期内电表自己的费控是关闭的，计费方式与计费期一致：没有供电点被收两次电费。
-- en: Use is charged by the platform only within its spans, which do not overlap; meanwhile the meter's own fee control is off: no supply is charged twice.
SELECT 'charge' AS object_kind, c.id AS object_id FROM charge c JOIN platform_span p ON p.id = c.span_id
WHERE c.supply_id <> p.supply_id OR c.from_at < p.from_at OR c.to_at > COALESCE(p.until_at, c.to_at)
UNION ALL
SELECT 'span', b.id FROM platform_span a JOIN platform_span b ON b.supply_id = a.supply_id AND b.id > a.id
WHERE a.until_at IS NULL OR b.from_at < a.until_at
UNION ALL
SELECT 'meter', p.supply_id FROM platform_span p JOIN supply s ON s.id = p.supply_id JOIN meter_parameter m ON m.meter_id = s.meter_id
WHERE p.mode_change_id IS NOT NULL AND p.until_at IS NULL AND s.epoch = p.epoch AND m.fee_control_enabled = 1
  AND m.read_at > (SELECT c.ended_at FROM mode_change c WHERE c.id = p.mode_change_id)
  AND NOT EXISTS (SELECT 1 FROM mode_change c WHERE c.live_supply = p.supply_id)
UNION ALL
SELECT 'meter', p.supply_id FROM platform_span p JOIN supply s ON s.id = p.supply_id JOIN meter_parameter m ON m.meter_id = s.meter_id
JOIN push f ON f.id = p.fee_push_id AND f.state = 'confirmed'
WHERE p.until_at IS NULL AND s.epoch = p.epoch AND f.meter_id = s.meter_id AND m.fee_control_enabled = 1 AND m.read_at > f.ended_at
UNION ALL
SELECT 'supply', p.supply_id FROM platform_span p JOIN supply s ON s.id = p.supply_id
WHERE p.until_at IS NULL AND s.billing_mode = 'meter';
