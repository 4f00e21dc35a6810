-- zh: 审计链从一开始连续编号，没有缺口（哈希由核验程序重算）。
-- en: The audit chain counts from one without a gap (the hashes are recomputed by the verifier).
SELECT last_position, rows_found FROM (SELECT COALESCE(MAX(position), 0) AS last_position, COUNT(*) AS rows_found FROM audit_chain) c
WHERE last_position <> rows_found;
