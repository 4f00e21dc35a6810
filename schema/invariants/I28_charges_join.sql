-- zh: 电费逐段相接，没有重叠和空缺；同一账期内各段之和等于累计费用取整。
-- en: Charges of an epoch join without gap or overlap, and those of a period add up to its rounded cumulative cost.
SELECT supply_id, epoch, to_at FROM (
  SELECT supply_id, epoch, from_at, to_at, cost_e5,
    LAG(to_at) OVER stretch AS before_at,
    SUM(fen) OVER (PARTITION BY supply_id, period_start_at ORDER BY to_at) AS sum_fen
  FROM charge WINDOW stretch AS (PARTITION BY supply_id, epoch, span_id ORDER BY to_at)) c
WHERE (before_at IS NOT NULL AND before_at <> from_at) OR sum_fen <> FLOOR((2 * cost_e5 + 100000) / 200000);
