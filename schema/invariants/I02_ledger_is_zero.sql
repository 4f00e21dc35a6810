-- zh: 全部账户的余额之和等于零；没有分录落在不存在的账户上。
-- en: The balances of all accounts add up to zero; no transfer touches an account that is not there.
SELECT total_fen FROM (
  SELECT COALESCE(SUM(side.amount_fen), 0) AS total_fen FROM ledger_account a JOIN (
    SELECT debit_id AS account_id, amount_fen FROM transfer UNION ALL SELECT credit_id, -amount_fen FROM transfer) side
  ON side.account_id = a.id) ledger
WHERE total_fen <> 0;
