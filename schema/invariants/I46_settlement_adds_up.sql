-- zh: 每次销户的结算：转入（清表、平台余额、押金）减欠费等于应退；销户完成时已全部付清，柜台与渠道各付其份。
-- en: What came into a settlement less the debts is the refund on its sheet; once closed all of it was paid, each part its own way.
SELECT c.id AS account_close_id, c.state, c.refund_fen, SUM(x.in_fen) AS in_fen, SUM(x.out_fen) AS out_fen
FROM account_close c LEFT JOIN (
  SELECT i.close_id, IF(t.posting = 'close_debt', -1, 1) * t.amount_fen AS in_fen, 0 AS out_fen FROM account_close_supply i
    JOIN transfer t ON t.object_kind = 'adjustment' AND t.object_id = i.adjustment_id AND t.posting IN ('adjustment_settled','close_debt')
  UNION ALL SELECT i.close_id, IF(d.code = 'settlement', -1, 1) * t.amount_fen, 0 FROM account_close_supply i
    JOIN transfer t ON t.object_kind = 'close_supply' AND t.object_id = i.id AND t.posting = 'close_balance'
    JOIN ledger_account d ON d.id = t.debit_id
  UNION ALL SELECT t.object_id, t.amount_fen, 0 FROM transfer t WHERE t.object_kind = 'account_close' AND t.posting = 'deposit_settled'
  UNION ALL SELECT t.object_id, 0, IF(t.posting = 'close_paid_in', -1, 1) * t.amount_fen FROM transfer t
    WHERE t.object_kind = 'account_close' AND t.posting IN ('close_paid_in','close_paid_out')
  UNION ALL SELECT r.close_id, 0, t.amount_fen FROM refund r JOIN transfer t ON t.object_kind = 'refund' AND t.object_id = r.id
    AND t.posting = 'close_refunded') x ON x.close_id = c.id
WHERE c.state IN ('settled','closed') GROUP BY c.id
HAVING COALESCE(in_fen, 0) <> refund_fen OR (state = 'closed' AND COALESCE(out_fen, 0) <> refund_fen);
