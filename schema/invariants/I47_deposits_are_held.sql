-- zh: 账上的押金等于所有在用户（未结算）的押金之和。
-- en: The deposits in the ledger are those of the accounts that are open and not settled.
SELECT ledger_fen, accounts_fen FROM (SELECT
  (SELECT COALESCE(SUM(IF(t.credit_id = a.id, t.amount_fen, -t.amount_fen)), 0) FROM ledger_account a
    JOIN transfer t ON a.id IN (t.debit_id, t.credit_id) WHERE a.code = 'deposit') AS ledger_fen,
  (SELECT COALESCE(SUM(a.deposit_fen), 0) FROM account a WHERE a.state = 'open'
    AND NOT EXISTS (SELECT 1 FROM account_close c WHERE c.account_id = a.id AND c.state = 'settled')) AS accounts_fen) s
WHERE ledger_fen <> accounts_fen;
