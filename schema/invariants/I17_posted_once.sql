-- zh: 同一件事的同一种分录只记一次。
-- en: Each posting of one object stands once.
SELECT posting, object_kind, object_id FROM transfer GROUP BY posting, object_kind, object_id HAVING COUNT(*) > 1;
