-- zh: 一个供电点最多一个有效的保电。
-- en: A supply has at most one active keep-on.
SELECT CONCAT('supply ', supply_id, ' has ', COUNT(*)) FROM keep_on WHERE state = 'active' GROUP BY supply_id
  HAVING COUNT(*) > 1;
