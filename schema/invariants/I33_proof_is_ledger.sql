-- zh: 逐日核对与总账一致：最近一次期末加上之后的分录等于账上余额；每段用电（非零）恰有同额分录；逐日核对里的收款、清退都在分录中。
-- en: The daily proof is the ledger: the last closing and what was posted since are the balance, each use is posted with its amount, and the sums of a proof are those of its lines.
SELECT 'supply' AS object_kind, l.supply_id AS object_id FROM (
  SELECT a.supply_id, SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)) AS balance_fen,
    SUM(IF(n.transfer_id IS NULL AND t.object_kind <> 'proof', IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen), 0)) AS since_fen
  FROM ledger_account a JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) LEFT JOIN proof_line n ON n.transfer_id = t.id
  WHERE a.code = 'tenant_liability' GROUP BY a.supply_id) l
JOIN proof p ON p.supply_id = l.supply_id AND p.to_at = (SELECT MAX(x.to_at) FROM proof x WHERE x.supply_id = l.supply_id)
WHERE p.closing_fen + l.since_fen <> l.balance_fen
UNION ALL
SELECT 'proof', p.id FROM proof p
LEFT JOIN transfer t ON t.posting = 'use' AND t.object_kind = 'proof' AND t.object_id = p.id
LEFT JOIN ledger_account a ON a.id = t.debit_id
LEFT JOIN (SELECT proof_id, -SUM(change_fen) AS posted_fen FROM proof_line WHERE kind = 'used' GROUP BY proof_id) o ON o.proof_id = p.id
WHERE COALESCE(IF(a.code = 'tenant_liability', t.amount_fen, -t.amount_fen), 0) + COALESCE(o.posted_fen, 0) <> p.used_fen
  OR (p.mode = 'platform' AND t.id IS NOT NULL)
UNION ALL
SELECT 'proof', p.id FROM proof p LEFT JOIN proof_line n ON n.proof_id = p.id
GROUP BY p.id, p.paid_in_fen, p.refunded_fen
HAVING COALESCE(SUM(IF(n.kind = 'paid_in', n.change_fen, 0)), 0) <> p.paid_in_fen
  OR COALESCE(SUM(IF(n.kind = 'refunded', -n.change_fen, 0)), 0) <> p.refunded_fen;
