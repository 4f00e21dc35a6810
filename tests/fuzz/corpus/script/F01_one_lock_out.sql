-- zh: 一个供电点最多一个有效的检修锁定。
-- en: A supply has at most one active lock-out.
SELECT CONCAT('supply ', supply_id, ' has ', COUNT(*)) FROM lock_out WHERE state = 'active' GROUP BY supply_id
  HAVING COUNT(*) > 1;
