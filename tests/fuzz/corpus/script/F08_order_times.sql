-- zh: 指令的时间依次为：下达、领取、发送、结束。
-- en: An order's times follow its life: asked, taken, sent, ended.
SELECT CONCAT('order ', id) FROM command WHERE taken_at < requested_at - INTERVAL 1 SECOND OR sent_at <
  taken_at OR (sent_at IS NOT NULL AND sent_at > expires_at + INTERVAL 1 SECOND) OR (state IN ('confirmed',
  'refused', 'superseded', 'expired', 'cancelled'))  <> (ended_at IS NOT NULL AND state <> 'unknown');
