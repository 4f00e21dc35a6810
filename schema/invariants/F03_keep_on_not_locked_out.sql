-- zh: 没有供电点同时锁定和保电。
-- en: No supply is locked out and kept on at once.
SELECT CONCAT('supply ', k.supply_id) FROM keep_on k JOIN lock_out o ON o.supply_id = k.supply_id AND o.state
  = 'active' WHERE k.state = 'active' AND k.until_at > UTC_TIMESTAMP(3);
