-- zh: 每笔分录都是正数，并且借贷在两个不同的账户上。
-- en: Every transfer has a positive amount and joins two different accounts.
SELECT id AS transfer_id, amount_fen FROM transfer WHERE amount_fen <= 0 OR debit_id = credit_id;
