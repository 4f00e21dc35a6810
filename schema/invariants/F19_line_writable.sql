-- zh: 可写的总线都记有时间。
-- en: A writable line names when it was made so.
SELECT CONCAT('line ', code) FROM line WHERE writable AND writable_at IS NULL;
