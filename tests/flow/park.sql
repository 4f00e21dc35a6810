-- The park of every case: two shops on one line, one of platform mode, one without unit. Ids differ between tables, so that a
-- mixed-up id is seen. Ids that the database gives begin at 7000000000 (flow.c), times of the fixture lie in 2026-01.
SET FOREIGN_KEY_CHECKS = 0;
DELETE FROM audit; DELETE FROM alarm; DELETE FROM transfer; DELETE FROM ledger_account; DELETE FROM refund; DELETE FROM returned_money;
DELETE FROM adjustment;
DELETE FROM delivery; DELETE FROM payment_event; DELETE FROM payment; DELETE FROM purchase; DELETE FROM command; DELETE FROM lock_out;
DELETE FROM approval; DELETE FROM supply_epoch; DELETE FROM account_supply; DELETE FROM account; DELETE FROM meter_state;
DELETE FROM meter_parameter; DELETE FROM meter_health; DELETE FROM supply_tariff; DELETE FROM tariff_version; DELETE FROM tariff;
DELETE FROM charge; DELETE FROM account_close_supply; DELETE FROM account_close; DELETE FROM restore_check; DELETE FROM restore_run;
DELETE FROM platform_span; DELETE FROM mode_change; DELETE FROM meter_swap; DELETE FROM push; DELETE FROM push_batch;
DELETE FROM document_use; DELETE FROM document; DELETE FROM pay_channel;
DELETE FROM supply; DELETE FROM meter; DELETE FROM model; DELETE FROM line; DELETE FROM gateway; DELETE FROM unit; DELETE FROM floor;
DELETE FROM building; DELETE FROM site_setting; DELETE FROM user; DELETE FROM site;
SET FOREIGN_KEY_CHECKS = 1;
INSERT INTO site (id, code, name, time_zone) VALUES (1, 'T', '测试', 'Asia/Shanghai');
INSERT INTO user (id, name, display_name, role_id, password_hash)
  SELECT u.id, u.name, u.name, r.id, 'x' FROM (SELECT 1 AS id, 'boss' AS name, 'administrator' AS role UNION
  SELECT 2, 'clerk', 'finance' UNION SELECT 3, 'engineer', 'engineer') u JOIN role r ON r.code = u.role;
INSERT INTO building (id, site_id, code, name) VALUES (1, 1, 'A', '主楼');
INSERT INTO floor (id, building_id, code, name, position) VALUES (1, 1, '1F', '一层', 1);
INSERT INTO unit (id, site_id, floor_id, number, state, shop_name, shop_pinyin) VALUES
  (101, 1, 1, '1F-101', 'open', '面馆', 'mg'), (102, 1, 1, '1F-102', 'open', '茶店', 'cd'), (103, 1, 1, '1F-103', 'open', '花店', 'hd');
INSERT INTO gateway (id, site_id, code, name, host) VALUES (1, 1, 'G1', '网关', '127.0.0.1');
INSERT INTO line (id, gateway_id, code, name, link, port, writable, shard) VALUES
  (5, 1, 'L05', '总线 5', 'modbus_tcp', 502, TRUE, 3), (6, 1, 'L06', '总线 6', 'modbus_tcp', 502, TRUE, 4);
INSERT INTO model (id, code, name, maturity, actions, capabilities, file_sha256) VALUES (1, 'm', 'M', 'accepted',
  'trip,close,keep_on,release,read', 'count_repeat_refused:proven,parameters:proven,purchase:proven,zero_purchase:proven',
  REPEAT('a', 32));
INSERT INTO meter (id, line_id, address, model_id, number, serial_number) VALUES (11, 5, 1, 1, 'L05-1', '230946805578'),
  (12, 6, 2, 1, 'L06-2', '230946805579'), (13, 5, 3, 1, 'L05-3', '230946805580'), (14, 5, 4, 1, 'L05-4', '230946805581'),
  (15, 5, 5, 1, 'L05-5', '230946805582');
INSERT INTO supply (id, unit_id, meter_id, epoch, billing_mode, orders_version, changed_at) VALUES
  (21, 101, 11, 2, 'meter', 0, '2026-01-01'), (22, 102, 12, 1, 'meter', 0, '2026-01-01'),
  (23, 103, 13, 1, 'platform', 0, '2026-01-01'), (24, NULL, 14, 1, 'meter', 0, '2026-01-01');
INSERT INTO supply_epoch (id, supply_id, epoch, meter_id, open_count, open_balance_fen, open_energy_wh, opened_at) VALUES
  (1, 21, 2, 11, 5, 300, 1000, '2026-01-01'), (2, 22, 1, 12, 8, 0, 0, '2026-01-01'), (3, 23, 1, 13, 0, 0, 0, '2026-01-01'),
  (4, 24, 1, 14, 1, 0, 0, '2026-01-01');
INSERT INTO account (id, site_id, number, kind, state, name, opened_at) VALUES (31, 1, 'A31', 'prepaid', 'open', '面馆', '2026-01-01'),
  (32, 1, 'A32', 'prepaid', 'open', '茶店', '2026-01-01'), (33, 1, 'A33', 'prepaid', 'open', '花店', '2026-01-01');
INSERT INTO account_supply (account_id, supply_id, from_at) VALUES (31, 21, '2026-01-01'), (32, 22, '2026-01-01'),
  (33, 23, '2026-01-01'), (32, 24, '2026-01-01');
INSERT INTO meter_state (meter_id, taken_at, stored_at, relay, forced, status_bits, balance_fen, purchase_count) VALUES
  (11, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 'closed', 'none', 57344, 2000, 5),
  (12, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 'closed', 'none', 57344, 700, 8),
  (14, UTC_TIMESTAMP(3), UTC_TIMESTAMP(3), 'closed', 'none', 57344, 900, 1);
-- A purchase of 100.00 for supply 21, paid in cash, not yet in the meter.
INSERT INTO purchase (id, number, account_id, supply_id, epoch, mode, origin, amount_fen, state, actor_kind, actor_id, paid_at, changed_at)
  VALUES (41, 'P41', 31, 21, 2, 'meter', 'payment', 10000, 'paid', 'user', 2, '2026-01-02', '2026-01-02');
INSERT INTO payment (id, order_number, purchase_id, channel, merchant, amount_fen, state, disposition, provider_transaction,
  settled_at, changed_at) VALUES (51, 'P41', 41, 'cash', '', 10000, 'settled', 'pending', 'T51', '2026-01-02', '2026-01-02');
INSERT INTO payment_event (id, payment_id, source, channel, provider_transaction, order_number, paid, amount_fen, verified, verdict)
  VALUES (55, 51, 'counter', 'cash', 'T51', 'P41', TRUE, 10000, TRUE, 'ok');
INSERT INTO delivery (id, purchase_id, supply_id, epoch, meter_id, amount_fen, created_at, changed_at) VALUES
  (61, 41, 21, 2, 11, 10000, '2026-01-02', '2026-01-02');
INSERT INTO ledger_account (id, code, supply_id, channel) VALUES (1, 'receivable', NULL, 'cash'), (2, 'meter_clearing', 21, NULL),
  (3, 'tenant_liability', 21, NULL), (4, 'suspense', NULL, NULL);
INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen, at) VALUES
  (1, 'payment_settled', 'payment', 51, 1, 2, 10000, '2026-01-02');
-- A paper that was given to us, by its SHA-256.
INSERT INTO document (id, sha256, kind, bytes_total, uploaded_by, created_at) VALUES
  (81, UNHEX(RPAD('010203FA', 64, '0')), 'pdf', 10, 2, '2026-01-02');
