-- zh: 已确认的写指令都有证据。
-- en: A confirmed order that writes was sent and carries its evidence.
SELECT CONCAT('order ', id) FROM command WHERE state = 'confirmed' AND kind <> 'read' AND evidence IS NULL;
