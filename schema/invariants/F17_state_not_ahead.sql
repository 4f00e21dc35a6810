-- zh: 没有来自未来的最新读数。
-- en: No last value is from the future.
SELECT CONCAT('meter ', meter_id, ' taken ', taken_at) FROM meter_state WHERE taken_at > UTC_TIMESTAMP(3) +
  INTERVAL 5 MINUTE;
