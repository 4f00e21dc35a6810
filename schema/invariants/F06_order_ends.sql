-- zh: 过期的指令不会停留在待执行或已领取。
-- en: An order whose time is over does not stay pending or taken.
SELECT CONCAT('order ', id, ' (', state, ') since ', expires_at) FROM command WHERE state IN ('pending',
  'taken') AND expires_at < UTC_TIMESTAMP(3) - INTERVAL 5 MINUTE;
