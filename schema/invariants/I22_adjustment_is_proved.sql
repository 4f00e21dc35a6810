-- zh: 每笔已完成的清退由两个人办理，读回值等于目标值，实际离开电表的金额已记账。
-- en: Each finished adjustment was agreed by two people, reads back as its targets, and what really left is posted.
SELECT j.id AS adjustment_id FROM adjustment j LEFT JOIN transfer t ON t.object_kind = 'adjustment' AND t.object_id = j.id
  AND t.posting IN ('adjustment_applied','correction','mode_changed') AND t.amount_fen = ABS(j.left_fen)
WHERE j.state IN ('applied','typed') AND (j.checker_id IS NULL OR j.checker_id = j.maker_id
  OR (j.left_fen <> 0 AND t.id IS NULL)
  OR (j.state = 'applied' AND NOT (j.read_count = j.new_count AND ABS(j.read_balance_fen - j.new_balance_fen) <= j.tolerance_fen
    AND j.left_fen = j.old_balance_fen - j.read_balance_fen)));
