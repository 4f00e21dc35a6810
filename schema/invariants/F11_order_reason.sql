-- zh: 人工指令都有下达人和原因。
-- en: Every order given by a person names the person and the reason.
SELECT CONCAT('order ', id) FROM command WHERE origin = 'manual' AND (requested_by IS NULL OR reason = '');
