-- zh: 已发送的指令十分钟内有结果或记为未知。
-- en: An order that was sent is decided, or named unknown, within ten minutes.
SELECT CONCAT('order ', id, ' sent ', sent_at) FROM command WHERE state = 'sent' AND sent_at <
  UTC_TIMESTAMP(3) - INTERVAL 10 MINUTE;
