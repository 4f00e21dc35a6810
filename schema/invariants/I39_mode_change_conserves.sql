-- zh: 切换计费方式不增减钱：离开电表的金额全数记入平台余额，写入电表的金额全数出自平台余额，都恰好一次。
-- en: A change of mode makes and loses no money: what left the meter is credited, and what was brought into it was held, each exactly once and in full.
SELECT c.id AS mode_change_id FROM mode_change c LEFT JOIN adjustment j ON j.id = c.adjustment_id
LEFT JOIN transfer t ON (t.object_kind = 'adjustment' AND t.object_id = j.id) OR (t.object_kind = 'mode_change' AND t.object_id = c.id)
WHERE c.state = 'done'
GROUP BY c.id, c.to_mode, c.moved_fen, j.left_fen
HAVING c.moved_fen <> IF(c.to_mode = 'platform', 1, -1) * COALESCE(j.left_fen, 0)
  OR COALESCE(SUM(IF(t.posting IN ('adjustment_applied','mode_held'), t.amount_fen, 0)), 0) <> c.moved_fen
  OR COALESCE(SUM(IF(t.posting = 'mode_changed', t.amount_fen, 0)), 0) <> c.moved_fen
UNION ALL
SELECT j.id FROM adjustment j LEFT JOIN mode_change c ON c.adjustment_id = j.id WHERE j.kind = 'mode' AND c.id IS NULL;
