-- zh: 到期的保电在一小时内解除。
-- en: An expired keep-on is ended within an hour.
SELECT CONCAT('supply ', supply_id, ' since ', until_at) FROM keep_on WHERE state = 'active' AND until_at <
  UTC_TIMESTAMP(3) - INTERVAL 1 HOUR;
