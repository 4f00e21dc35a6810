-- zh: 每个供电点的逐日核对逐段相接：上一段的期末就是下一段的期初，同一表计周期内时间没有空缺，每天的等式成立。
-- en: The proved days of a supply join: what one ends with the next begins with, without a gap in time within an epoch, and each adds up.
SELECT supply_id, to_at FROM (
  SELECT supply_id, epoch_id, from_at, to_at, opening_fen, paid_in_fen, used_fen, refunded_fen, corrected_fen, closing_fen,
    LAG(to_at) OVER stretch AS before_at, LAG(closing_fen) OVER stretch AS before_fen, LAG(epoch_id) OVER stretch AS before_epoch
  FROM proof WINDOW stretch AS (PARTITION BY supply_id ORDER BY to_at)) p
WHERE opening_fen + paid_in_fen - used_fen - refunded_fen + corrected_fen <> closing_fen
  OR (before_at IS NOT NULL AND (before_at > from_at OR before_fen <> opening_fen OR (before_epoch = epoch_id AND before_at <> from_at)));
