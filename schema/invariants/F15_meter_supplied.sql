-- zh: 每个供电点都由在用仪表供电。
-- en: Every supply is fed by a meter in service.
SELECT CONCAT('supply ', s.id, ' hangs on meter ', m.number) FROM supply s JOIN meter m ON m.id = s.meter_id
  WHERE m.state <> 'in_service';
