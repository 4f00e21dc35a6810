-- zh: 每个最新读数都属于存在的仪表。
-- en: Every last value belongs to a meter that exists.
SELECT CONCAT('meter ', s.meter_id) FROM meter_state s LEFT JOIN meter m ON m.id = s.meter_id WHERE m.id IS
  NULL;
