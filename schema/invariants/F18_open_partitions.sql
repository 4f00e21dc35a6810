-- zh: 历史表有本月和下月的分区。
-- en: The history has a partition for this month and the next.
SELECT CONCAT('no partition p_', DATE_FORMAT(n.month, '%Y%m')) FROM (SELECT UTC_DATE() AS month UNION ALL
  SELECT UTC_DATE() + INTERVAL 1 MONTH) n WHERE NOT EXISTS (SELECT 1 FROM information_schema.PARTITIONS  WHERE
  TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'reading'  AND PARTITION_NAME = CONCAT('p_', DATE_FORMAT(n.month,
  '%Y%m')));
