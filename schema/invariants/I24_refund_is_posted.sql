-- zh: 每笔提交过的退款都记了应付，成功的也记了付出，金额相同；应付退款的余额等于还没付出的退款。
-- en: Each submitted refund stands as promised and each successful one as paid, with its amount.
SELECT r.id AS refund_id FROM refund r
LEFT JOIN transfer t ON t.object_kind = 'refund' AND t.object_id = r.id AND t.amount_fen = r.amount_fen
WHERE r.state IN ('submitted','succeeded','failed','suspense')
GROUP BY r.id, r.state
HAVING COALESCE(SUM(t.posting IN ('refund_undelivered','refund_suspense','adjustment_refunded','close_refunded')), 0) <> 1
  OR COALESCE(SUM(t.posting = 'refund_paid'), 0) <> (r.state = 'succeeded')
  OR COALESCE(SUM(t.posting = 'refund_failed'), 0) <> (r.state = 'suspense');
