-- zh: 指令发往供电点的仪表。
-- en: An order goes to a meter that fed its supply.
SELECT CONCAT('order ', c.id) FROM command c JOIN supply s ON s.id = c.supply_id WHERE c.epoch = s.epoch AND
  c.meter_id <> s.meter_id;
