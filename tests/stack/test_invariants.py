"""Each invariant of schema/invariants holds on good data, and a mutation trips it; on a real MariaDB."""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import invariants  # noqa: E402
import lib  # noqa: E402

servers = None

# Six shops. Supply 1: one purchase delivered, one in flight. 2: one fenced and refunded, one pending, one never paid. 3: its
# meter was swapped after one delivery. 4: platform mode. 5: taken over with money in the meter, which left by adjustment; a late
# payment waits in suspense. 6: gets at once what was charged to a wrong shop; another purchase is held. Payment 9 was for no order.
PARK = """
INSERT INTO site (id, code, name, time_zone) VALUES (1, 's', 'S', 'Asia/Shanghai');
INSERT INTO building (id, site_id, code, name) VALUES (1, 1, 'b', 'B');
INSERT INTO floor (id, building_id, code, name) VALUES (1, 1, 'f', 'F');
INSERT INTO user (id, name, display_name, role_id, password_hash) SELECT 1, 'ann', 'Ann', MIN(id), '' FROM role;
INSERT INTO user (id, name, display_name, role_id, password_hash) SELECT 2, 'bob', 'Bob', MIN(id), '' FROM role;
INSERT INTO gateway (id, site_id, code, name) VALUES (1, 1, 'g', 'G');
INSERT INTO line (id, gateway_id, code, name, link) VALUES (1, 1, 'l', 'L', 'modbus_tcp');
INSERT INTO model (id, code, name, file_sha256) VALUES (1, 'm', 'M', REPEAT('x', 32));
INSERT INTO unit (id, site_id, floor_id, number) VALUES (1,1,1,'1'),(2,1,1,'2'),(3,1,1,'3'),(4,1,1,'4'),(5,1,1,'5'),(6,1,1,'6');
INSERT INTO meter (id, line_id, address, model_id, number, state) VALUES (1,1,1,1,'m1','in_service'),(2,1,2,1,'m2','in_service'),
  (3,1,3,1,'m3','retired'),(4,1,4,1,'m4','in_service'),(5,1,5,1,'m5','in_service'),(6,1,6,1,'m6','in_service'),(7,1,3,1,'m7','in_service');
INSERT INTO supply (id, unit_id, meter_id, epoch, billing_mode) VALUES (1,1,1,1,'meter'),(2,2,2,1,'meter'),(3,3,7,2,'meter'),
  (4,4,4,1,'platform'),(5,5,5,1,'meter'),(6,6,6,1,'meter');
INSERT INTO account (id, site_id, number, name, state, opened_at) VALUES (1,1,'a1','A1','open','2026-01-01'),(2,1,'a2','A2','open','2026-01-01'),
  (3,1,'a3','A3','open','2026-01-01'),(4,1,'a4','A4','open','2026-01-01'),(5,1,'a5','A5','open','2026-01-01'),(6,1,'a6','A6','open','2026-01-01');
INSERT INTO account_supply (account_id, supply_id, from_at) SELECT id, id, '2026-01-01' FROM supply;
INSERT INTO supply_epoch (supply_id, epoch, meter_id, open_count, open_balance_fen, open_energy_wh, opened_at, close_count, close_balance_fen,
  close_energy_wh, closed_at) VALUES
  (1,1,1,0,0,0,'2026-01-01',NULL,NULL,NULL,NULL), (2,1,2,0,0,0,'2026-01-01',NULL,NULL,NULL,NULL),
  (3,1,3,0,0,0,'2026-01-01',1,700,900,'2026-02-01'), (3,2,7,0,0,0,'2026-02-01',NULL,NULL,NULL,NULL),
  (4,1,4,0,0,0,'2026-01-01',NULL,NULL,NULL,NULL), (5,1,5,41,9000,5000,'2026-01-01',NULL,NULL,NULL,NULL),
  (6,1,6,7,0,0,'2026-01-01',NULL,NULL,NULL,NULL);
INSERT INTO meter_state (meter_id, taken_at, stored_at, purchase_count, balance_fen) VALUES (1,'2026-03-02','2026-03-02',2,3000),
  (2,'2026-03-02','2026-03-02',1,0),(7,'2026-03-02','2026-03-02',0,0),(5,'2026-03-02','2026-03-02',41,0),(6,'2026-03-02','2026-03-02',8,900);
"""

MONEY = """
INSERT INTO purchase (id, number, account_id, supply_id, epoch, mode, origin, amount_fen, state, actor_kind, paid_at) VALUES
  (1,'p1',1,1,1,'meter','payment',1000,'delivered','tenant','2026-03-01'), (2,'p2',1,1,1,'meter','payment',2000,'paid','tenant','2026-03-01'),
  (3,'p3',2,2,1,'meter','payment',3000,'paid','user','2026-03-01'), (4,'p4',2,2,1,'meter','payment',4000,'refunded','tenant','2026-03-01'),
  (5,'p5',2,2,1,'meter','payment',500,'open','tenant',NULL), (6,'p6',3,3,1,'meter','payment',700,'delivered','tenant','2026-01-15'),
  (7,'p7',4,4,1,'platform','payment',800,'credited','tenant','2026-03-01'), (8,'p8',5,5,1,'meter','payment',600,'cancelled','tenant',NULL),
  (9,'p9',6,6,1,'meter','wrong_shop',900,'delivered','user','2026-03-01'), (10,'p10',6,6,1,'meter','payment',1500,'paid','tenant','2026-03-01');
INSERT INTO payment (id, order_number, purchase_id, channel, amount_fen, state, disposition, suspense_reason, provider_transaction, settled_at) VALUES
  (1,'T1',1,'wechat',1000,'settled','delivered',NULL,'P1','2026-03-01'), (2,'T2',2,'wechat',2000,'settled','pending',NULL,'P2','2026-03-01'),
  (3,'T3',3,'cash',3000,'settled','pending',NULL,NULL,'2026-03-01'), (4,'T4',4,'wechat',4000,'settled','refunded',NULL,'P4','2026-03-01'),
  (5,'T5',5,'wechat',500,'open','none',NULL,NULL,NULL), (6,'T6',6,'alipay',700,'settled','delivered',NULL,'P6','2026-01-15'),
  (7,'T7',7,'wechat',800,'settled','credited',NULL,'P7','2026-03-01'), (8,'T8',8,'wechat',600,'settled','suspense','late','P8','2026-03-01'),
  (9,'T9',NULL,'wechat',5000,'settled','refunded',NULL,'P9','2026-03-01'), (10,'T10',10,'wechat',1500,'settled','pending',NULL,'P10','2026-03-01');
INSERT INTO payment_event (payment_id, source, channel, provider_transaction, order_number, paid, amount_fen, verified, verdict)
  SELECT id, 'notice', channel, IFNULL(provider_transaction, ''), order_number, TRUE, amount_fen, TRUE, 'settle' FROM payment WHERE state = 'settled';
INSERT INTO payment_event (payment_id, source, channel, order_number, paid, amount_fen, verified, verdict) VALUES (1,'query','wechat','T1',TRUE,1000,TRUE,'exists'),
  (5,'query','wechat','T5',FALSE,500,TRUE,'not_paid'), (NULL,'notice','wechat','T5',TRUE,1,FALSE,'not_paid');
INSERT INTO delivery (id, purchase_id, supply_id, epoch, meter_id, amount_fen, state, purchase_count, claimed_at, before_serial, before_count,
  before_balance_fen, after_count, after_balance_fen, use_cost_fen, tolerance_fen, fence_proof, ended_at) VALUES
  (1,1,1,1,1,1000,'confirmed',1,'2026-03-01','s1',0,0,1,990,12,5,NULL,'2026-03-01'),
  (2,2,1,1,1,2000,'sending',2,'2026-03-01','s1',1,900,NULL,NULL,NULL,NULL,NULL,NULL),
  (3,3,2,1,2,3000,'pending',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),
  (4,4,2,1,2,4000,'fenced',1,'2026-03-01','s2',0,0,1,0,0,5,'zero_purchase','2026-03-01'),
  (6,6,3,1,3,700,'confirmed',1,'2026-01-15','s3',0,0,1,700,0,5,NULL,'2026-01-15'),
  (9,9,6,1,6,900,'confirmed',8,'2026-03-01','s6',7,0,8,900,0,5,NULL,'2026-03-01'),
  (10,10,6,1,6,1500,'hold',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO adjustment (id, kind, account_id, supply_id, epoch, meter_id, amount_fen, state, reason, maker_id, checker_id, old_count, old_balance_fen,
  new_count, new_balance_fen, read_count, read_balance_fen, left_fen, ended_at) VALUES
  (1,'refund',5,5,1,5,9000,'applied','moves out',1,2,41,8800,41,0,41,0,8800,'2026-03-01'),
  (2,'correction',1,1,1,1,50,'asked','typing error',1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO refund (id, refund_number, payment_id, source, adjustment_id, amount_fen, state, reason, maker_id, checker_id, submitted_at) VALUES
  (1,'R1',4,'undelivered',NULL,4000,'succeeded','changed mind',1,2,'2026-03-01'),
  (2,'R2',9,'suspense',NULL,5000,'submitted','no order',1,2,'2026-03-01'), (3,'R3',8,'suspense',NULL,600,'asked','late',1,NULL,NULL);
INSERT INTO ledger_account (id, code, supply_id, channel) VALUES
  (1,'meter_clearing',1,NULL),(2,'meter_clearing',2,NULL),(3,'meter_clearing',3,NULL),(4,'meter_clearing',4,NULL),(5,'meter_clearing',6,NULL),
  (11,'tenant_liability',1,NULL),(13,'tenant_liability',3,NULL),(14,'tenant_liability',4,NULL),(15,'tenant_liability',5,NULL),(16,'tenant_liability',6,NULL),
  (21,'receivable',NULL,'wechat'),(22,'receivable',NULL,'alipay'),(23,'receivable',NULL,'cash'),(24,'refund_payable',NULL,'wechat'),
  (31,'suspense',NULL,NULL),(32,'revenue',NULL,NULL),(33,'opening',NULL,NULL),(34,'corrections',NULL,NULL),(35,'adjustment_clearing',5,NULL),
  (36,'adjustment_clearing',4,NULL);
INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen, at) VALUES
  (1,'payment_settled','payment',1,21,1,1000,'2026-03-01'), (2,'payment_settled','payment',2,21,1,2000,'2026-03-01'),
  (3,'payment_settled','payment',3,23,2,3000,'2026-03-01'), (4,'payment_settled','payment',4,21,2,4000,'2026-03-01'),
  (5,'payment_settled','payment',6,22,3,700,'2026-01-15'), (6,'payment_settled','payment',7,21,4,800,'2026-03-01'),
  (7,'payment_suspense','payment',8,21,31,600,'2026-03-01'), (8,'payment_suspense','payment',9,21,31,5000,'2026-03-01'),
  (9,'delivery_confirmed','delivery',1,1,11,1000,'2026-03-01'), (10,'delivery_confirmed','delivery',6,3,13,700,'2026-01-15'),
  (11,'payment_credited','purchase',7,4,14,800,'2026-03-01'), (12,'refund_undelivered','refund',1,2,24,4000,'2026-03-01'),
  (13,'refund_paid','refund',1,24,21,4000,'2026-03-01'), (14,'refund_suspense','refund',2,31,24,5000,'2026-03-01'),
  (15,'opening','epoch',6,33,15,9000,'2026-01-01'), (16,'use','bill',1,15,32,200,'2026-02-01'),
  (21,'use','charge',1,14,32,5,'2026-03-02'), (22,'use','charge',2,14,32,6,'2026-03-02'),
  (17,'adjustment_applied','adjustment',1,15,35,8800,'2026-03-01'), (18,'wrong_shop','purchase',9,34,5,900,'2026-03-01'),
  (19,'delivery_confirmed','delivery',9,5,16,900,'2026-03-01'), (20,'payment_settled','payment',10,21,5,1500,'2026-03-01');
INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen, at) VALUES
  (23,'opening','epoch',7,33,14,70,'2026-02-01'), (24,'adjustment_applied','adjustment',9,14,36,70,'2026-03-01'),
  (25,'mode_changed','mode_change',1,36,14,70,'2026-03-01');
INSERT INTO adjustment (id, kind, account_id, supply_id, epoch, meter_id, amount_fen, state, reason, maker_id, checker_id, old_count, old_balance_fen,
  new_count, new_balance_fen, read_count, read_balance_fen, left_fen, ended_at) VALUES (9,'mode',4,4,1,4,0,'applied','r',1,2,0,70,0,0,0,0,70,'2026-03-01');
INSERT INTO mode_change (id, supply_id, account_id, epoch, to_mode, state, reason, maker_id, checker_id, adjustment_id, moved_fen, ended_at) VALUES
  (1,4,4,1,'platform','done','r',1,2,9,70,'2026-03-01');
INSERT INTO platform_span (id, supply_id, epoch, mode_change_id, from_at, energy_wh, charged_at, seen_at) VALUES
  (1,4,1,1,'2026-03-01',0,'2026-03-01 00:45','2026-03-01 00:45');
INSERT INTO meter_parameter (meter_id, read_at, fee_control_enabled) VALUES (4,'2026-03-02',FALSE);
INSERT INTO tariff (id, site_id, code, name) VALUES (1,1,'t','T');
INSERT INTO meter_swap (id, supply_id, account_id, state, reason, maker_id, checker_id, old_epoch, old_meter_id, old_dead, old_balance_fen,
  old_count, old_energy_wh, old_taken_at, new_number, new_meter_id, new_epoch, new_balance_fen, new_count, new_energy_wh, exchanged_at) VALUES
  (1,3,3,'done','r',1,2,1,3,FALSE,700,1,900,'2026-02-01','m7',7,2,0,0,0,'2026-02-01');
INSERT INTO charge (id, supply_id, epoch, from_at, to_at, tariff_id, mode, estimated, energy_wh, fen, period_start_at, period_wh, cost_e5) VALUES
  (1,4,1,'2026-03-01','2026-03-01 00:15',1,'by_time',FALSE,105,5,'2026-03-01',105,525000),
  (2,4,1,'2026-03-01 00:15','2026-03-01 00:30',1,'by_time',FALSE,210,6,'2026-03-01',210,1050000),
  (3,4,1,'2026-03-01 00:30','2026-03-01 00:45',1,'by_time',TRUE,215,0,'2026-03-01',215,1075000),
  (4,5,1,'2026-03-01','2026-03-02',1,'by_registers',FALSE,9000,45,'2026-03-01',9000,4500000);
INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen, at) VALUES
  (31,'use','proof',1,16,32,100,'2026-03-01 15:59:59'), (32,'use','proof',2,16,32,50,'2026-03-02 15:59:59');
INSERT INTO proof (id, supply_id, day, from_at, to_at, epoch, epoch_id, meter_id, mode, opening_fen, paid_in_fen, used_fen, refunded_fen, corrected_fen,
  closing_fen, meter_fen, how, difference, difference_fen, tolerance_fen)
  SELECT 1,6,'2026-03-01','2026-02-28 16:00','2026-03-01 16:00',1,id,6,'meter',0,900,100,0,0,800,800,'read','no_tariff',0,0 FROM supply_epoch WHERE supply_id = 6
  UNION SELECT 2,6,'2026-03-02','2026-03-01 16:00','2026-03-02 16:00',1,id,6,'meter',800,0,50,0,0,750,750,'read','no_tariff',0,0 FROM supply_epoch
  WHERE supply_id = 6;
INSERT INTO proof_line (transfer_id, proof_id, kind, change_fen) VALUES (19,1,'paid_in',900);
UPDATE charge SET span_id = 1 WHERE supply_id = 4;
INSERT INTO audit (id, at, actor_kind, actor_name, action, object_kind, result) VALUES (1,NOW(),'system','-','x','y','ok'),(2,NOW(),'system','-','x','y','ok'),
  (3,NOW(),'system','-','x','y','ok');
INSERT INTO audit_chain (position, audit_id, hash, chained_at) VALUES (1,1,REPEAT('a',32),NOW()),(2,2,REPEAT('b',32),NOW()),(3,3,REPEAT('c',32),NOW());
"""

# Shop 7 left: 4000 came out of its meter and 2000 of deposit went back over the counter; 1000 was used. Shop 8 has a deposit.
CLOSED = """
INSERT INTO unit (id, site_id, floor_id, number) VALUES (7,1,1,'7'),(8,1,1,'8');
INSERT INTO meter (id, line_id, address, model_id, number, state) VALUES (17,1,17,1,'m17','in_service');
INSERT INTO supply (id, unit_id, meter_id, epoch, billing_mode) VALUES (7,7,17,1,'meter');
INSERT INTO account (id, site_id, number, name, state, deposit_fen, opened_at, closed_at) VALUES
  (7,1,'a7','A7','closed',2000,'2026-01-01','2026-03-01 12:00'), (8,1,'a8','A8','open',3000,'2026-01-01',NULL);
INSERT INTO account_supply (account_id, supply_id, from_at, until_at) VALUES (7,7,'2026-01-01','2026-03-01 12:00');
INSERT INTO contact (id, account_id, name, phone_sealed, phone_hash, phone_tail, ended_at) VALUES (7,7,'X','',REPEAT('x',32),'0000','2026-03-01 12:00');
INSERT INTO supply_epoch (supply_id, epoch, meter_id, open_count, open_balance_fen, open_energy_wh, opened_at) VALUES (7,1,17,0,5000,0,'2026-01-01');
INSERT INTO adjustment (id, kind, account_id, supply_id, epoch, meter_id, amount_fen, state, reason, maker_id, checker_id, old_count, old_balance_fen,
  new_count, new_balance_fen, read_count, read_balance_fen, left_fen, ended_at) VALUES (7,'close',7,7,1,17,0,'applied','leaves',1,2,0,4000,0,0,0,0,4000,'2026-03-01');
INSERT INTO account_close (id, number, account_id, state, payout, reason, maker_id, checker_id, taken_fen, deposit_fen, debt_fen, refund_fen, channel_fen,
  counter_channel, counter_at, settled_at, ended_at) VALUES (7,'X7',7,'closed','counter','leaves',1,2,4000,2000,0,6000,0,'cash','2026-03-01 12:00','2026-03-01 11:00','2026-03-01 12:00');
INSERT INTO account_close_supply (id, close_id, supply_id, epoch, meter_id, mode, adjustment_id) VALUES (7,7,7,1,17,'meter',7);
INSERT IGNORE INTO ledger_account (code, supply_id) VALUES ('deposit',NULL),('settlement',NULL),('tenant_liability',7),('adjustment_clearing',7);
INSERT INTO transfer (id, posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)
  SELECT x.id, x.posting, x.kind, x.object_id, d.id, c.id, x.fen, x.at FROM (
    SELECT 71 AS id, 'opening' AS posting, 'epoch' AS kind, 77 AS object_id, 'opening' AS d, 0 AS ds, 'tenant_liability' AS c, 7 AS cs, 5000 AS fen, '2026-01-01' AS at
    UNION ALL SELECT 72,'use','close_supply',7,'tenant_liability',7,'revenue',0,1000,'2026-03-01'
    UNION ALL SELECT 73,'adjustment_applied','adjustment',7,'tenant_liability',7,'adjustment_clearing',7,4000,'2026-03-01'
    UNION ALL SELECT 74,'adjustment_settled','adjustment',7,'adjustment_clearing',7,'settlement',0,4000,'2026-03-01'
    UNION ALL SELECT 75,'deposit_held','account',7,'opening',0,'deposit',0,2000,'2026-01-01'
    UNION ALL SELECT 76,'deposit_settled','account_close',7,'deposit',0,'settlement',0,2000,'2026-03-01'
    UNION ALL SELECT 77,'close_paid_out','account_close',7,'settlement',0,'receivable',0,6000,'2026-03-01'
    UNION ALL SELECT 78,'deposit_held','account',8,'opening',0,'deposit',0,3000,'2026-01-01') x
  JOIN ledger_account d ON d.code = x.d AND IFNULL(d.supply_id, 0) = x.ds
  JOIN ledger_account c ON c.code = x.c AND IFNULL(c.supply_id, 0) = x.cs AND IFNULL(c.channel, 'cash') = 'cash';
"""

# (invariant, what went wrong, the statement that does it, key to drop first)
MUTATIONS = [
    ("I01", "a transfer of nothing", "UPDATE transfer SET amount_fen = 0 WHERE id = 16", None),
    ("I01", "an account pays itself", "UPDATE transfer SET debit_id = credit_id WHERE id = 16", None),
    ("I02", "an account vanished", "DELETE FROM ledger_account WHERE id = 32", None),
    ("I03", "a delivery's posting is missing", "DELETE FROM transfer WHERE id = 9", None),
    ("I03", "posted for another supply", "UPDATE transfer SET credit_id = 2 WHERE id = 1", None),
    ("I04", "a pending payment whose purchase is cancelled", "UPDATE purchase SET state = 'cancelled' WHERE id = 3", None),
    ("I04", "delivered, but not confirmed", "UPDATE delivery SET state = 'sending' WHERE id = 6", None),
    ("I04", "refunded by half", "UPDATE refund SET amount_fen = 2000 WHERE id = 1", None),
    ("I04", "in suspense and refunded", "UPDATE payment SET disposition = 'suspense' WHERE id = 9", None),
    ("I04", "settled without a place", "UPDATE payment SET disposition = 'none' WHERE id = 2", None),
    ("I05", "the delivery row is missing", "DELETE FROM delivery WHERE id = 3", None),
    ("I05", "the delivery has another amount", "UPDATE delivery SET amount_fen = 3001 WHERE id = 3", None),
    ("I06", "an unpaid purchase is delivered", "INSERT INTO delivery (purchase_id, supply_id, epoch, meter_id, amount_fen) VALUES (5,2,1,2,500)", None),
    ("I06", "a platform purchase is delivered", "INSERT INTO delivery (purchase_id, supply_id, epoch, meter_id, amount_fen) VALUES (7,4,1,4,800)", None),
    ("I07", "a count is used twice", "UPDATE delivery SET purchase_count = 1 WHERE id = 2", ("delivery", "delivery_count", "supply_id, epoch, purchase_count")),
    ("I08", "a count was skipped", "UPDATE delivery SET purchase_count = 3 WHERE id = 2", None),
    ("I09", "the meter is ahead", "UPDATE meter_state SET purchase_count = 3 WHERE meter_id = 1", None),
    ("I09", "the meter is behind", "UPDATE meter_state SET purchase_count = 0 WHERE meter_id = 1", None),
    ("I09", "a card purchase on an idle meter", "UPDATE meter_state SET purchase_count = 42 WHERE meter_id = 5", None),
    ("I10", "the balance does not show the money", "UPDATE delivery SET after_balance_fen = -12 WHERE id = 1", None),
    ("I10", "another count was read back", "UPDATE delivery SET after_count = 2 WHERE id = 1", None),
    ("I11", "two deliveries in flight", "UPDATE delivery SET state = 'sending' WHERE id = 1", ("delivery", "delivery_slot", "slot_supply")),
    ("I11", "a delivery and an adjustment in flight", "UPDATE adjustment SET state = 'writing' WHERE id = 2", None),
    ("I12", "delivered and refunded", "INSERT INTO refund (refund_number, payment_id, source, amount_fen, state, reason, maker_id, checker_id, submitted_at)"
     " VALUES ('R9',1,'undelivered',1000,'submitted','',1,2,NOW())", None),
    ("I13", "refunded while it may still arrive", "UPDATE delivery SET state = 'sending' WHERE id = 4", None),
    ("I13", "refunded without a delivery", "DELETE FROM delivery WHERE id = 4", None),
    ("I14", "checker is maker", "UPDATE refund SET checker_id = maker_id WHERE id = 1", None),
    ("I14", "no checker", "UPDATE refund SET checker_id = NULL WHERE id = 2", None),
    ("I14", "more went back than came", "UPDATE refund SET amount_fen = 5001 WHERE id = 2", None),
    ("I15", "the evidence is not verified", "UPDATE payment_event SET verified = FALSE WHERE payment_id = 2", None),
    ("I15", "the evidence has another amount", "UPDATE payment_event SET amount_fen = 1999 WHERE payment_id = 2", None),
    ("I16", "money came and nobody settled it", "UPDATE payment_event SET paid = TRUE WHERE payment_id = 5", None),
    ("I16", "money came for no order and vanished", "UPDATE payment_event SET verified = TRUE, verdict = 'no_order' WHERE payment_id IS NULL", None),
    ("I17", "posted twice", "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at) VALUES ('use','bill',1,15,32,200,NOW())",
     ("transfer", "transfer_once", "posting, object_kind, object_id")),
    ("I18", "confirmed and not posted", "UPDATE transfer SET posting = 'correction' WHERE id = 10", None),
    ("I18", "credited with another amount", "UPDATE transfer SET amount_fen = 801 WHERE id = 11", None),
    ("I18", "posted and not confirmed", "UPDATE delivery SET state = 'sending' WHERE id = 9", None),
    ("I19", "a row of the chain is gone", "DELETE FROM audit_chain WHERE position = 2", None),
    ("I20", "closed with another count", "UPDATE supply_epoch SET close_count = 2 WHERE supply_id = 3 AND epoch = 1", None),
    ("I20", "closed with a delivery in flight", "UPDATE delivery SET state = 'sending' WHERE id = 6", None),
    ("I21", "a payment without its transfer", "DELETE FROM transfer WHERE id = 3", None),
    ("I21", "a payment posted twice, once as suspense", "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)"
     " VALUES ('payment_suspense','payment',1,21,31,1000,NOW())", None),
    ("I22", "less left the meter than was posted", "UPDATE adjustment SET left_fen = 8000 WHERE id = 1", None),
    ("I22", "the balance is not at its target", "UPDATE adjustment SET read_balance_fen = 100 WHERE id = 1", None),
    ("I22", "an adjustment by one person", "UPDATE adjustment SET checker_id = 1 WHERE id = 1", None),
    ("I23", "suspense nobody knows of", "UPDATE payment SET disposition = 'refunded' WHERE id = 8", None),
    ("I24", "a refund that was never promised", "DELETE FROM transfer WHERE id = 12", None),
    ("I24", "a refund paid before the provider said so", "UPDATE refund SET state = 'submitted' WHERE id = 1", None),
    ("I25", "more was paid out than came", "UPDATE transfer SET amount_fen = 9000 WHERE id = 12", None),
    ("I26", "a paid purchase nobody paid", "UPDATE payment SET purchase_id = NULL WHERE id = 3", None),
    ("I26", "two payments feed one purchase", "UPDATE payment SET purchase_id = 3 WHERE id = 2", None),
    ("I26", "an internal purchase without its transfer", "UPDATE transfer SET object_id = 99 WHERE id = 18", None),
    ("I27", "a count given on a frozen supply", "UPDATE supply SET frozen_reason = 'other', frozen_at = '2026-02-01' WHERE id = 1", None),
    ("I28", "a stretch is missing", "DELETE FROM charge WHERE id = 2", None),
    ("I28", "two stretches overlap", "UPDATE charge SET from_at = '2026-03-01 00:10' WHERE id = 2", None),
    ("I28", "a fen too much", "UPDATE charge SET fen = 7 WHERE id = 2", None),
    ("I29", "use that was never posted", "DELETE FROM transfer WHERE id = 22", None),
    ("I29", "use posted with another amount", "UPDATE transfer SET amount_fen = 7 WHERE id = 22", None),
    ("I30", "power before the money came", "UPDATE purchase SET power_at = paid_at - INTERVAL 1 SECOND WHERE id = 1", None),
    ("I30", "power for what never reached the meter", "UPDATE purchase SET power_at = '2026-04-01' WHERE id = 3", None),
    ("I30", "somebody said so at no time", "UPDATE purchase SET power_by = 1 WHERE id = 1", None),
    ("I32", "a day begins with another balance", "UPDATE proof SET opening_fen = 801, corrected_fen = -1 WHERE id = 2", None),
    ("I32", "an hour is missing between two days", "UPDATE proof SET from_at = '2026-03-01 17:00' WHERE id = 2", None),
    ("I32", "two days overlap", "UPDATE proof SET from_at = '2026-03-01 15:00' WHERE id = 2", None),
    ("I32", "a day that does not add up", "UPDATE proof SET used_fen = 51 WHERE id = 2", None),
    ("I33", "use of a day that was never posted", "DELETE FROM transfer WHERE id = 32", None),
    ("I33", "use of a day posted with another amount", "UPDATE transfer SET amount_fen = 51 WHERE id = 32", None),
    ("I33", "a purchase left out of its day", "DELETE FROM proof_line WHERE transfer_id = 19", None),
    ("I33", "a closing balance that is not the ledger's", "UPDATE proof SET closing_fen = 751, corrected_fen = 1, meter_fen = 751 WHERE id = 2", None),
    ("I34", "money that the meter does not have", "UPDATE proof SET meter_fen = 749 WHERE id = 2", None),
    ("I29", "use posted for no charge", "UPDATE transfer SET object_id = 99 WHERE id = 22", None),
    ("I38", "charged before its span", "UPDATE platform_span SET from_at = '2026-03-01 00:10' WHERE id = 1", None),
    ("I38", "charged after its span", "UPDATE platform_span SET until_at = '2026-03-01 00:40' WHERE id = 1", None),
    ("I38", "charged in another supply's span", "UPDATE platform_span SET supply_id = 1 WHERE id = 1", None),
    ("I38", "two spans at a time", "INSERT INTO platform_span (supply_id, epoch, from_at, energy_wh, charged_at, seen_at, until_at)"
     " VALUES (4,1,'2026-02-01',0,'2026-02-01','2026-02-01','2026-02-02')", None),
    ("I38", "the meter charges too", "UPDATE meter_parameter SET fee_control_enabled = TRUE WHERE meter_id = 4", None),
    ("I38", "the platform charges a supply in meter mode", "UPDATE supply SET billing_mode = 'meter' WHERE id = 4", None),
    ("I39", "money left the meter and was not credited", "DELETE FROM transfer WHERE id = 25", None),
    ("I39", "credited with another amount", "UPDATE transfer SET amount_fen = 71 WHERE id = 25", None),
    ("I39", "credited without leaving the meter", "UPDATE mode_change SET adjustment_id = NULL WHERE id = 1", None),
    ("I36", "a supply is still the closed account's", "UPDATE account_supply SET until_at = NULL WHERE account_id = 7", None),
    ("I36", "somebody may still log in", "UPDATE contact SET ended_at = NULL WHERE id = 7", None),
    ("I36", "an order may still be paid", "UPDATE purchase SET account_id = 7 WHERE id = 5", None),
    ("I36", "a delivery is on its way", "UPDATE purchase SET account_id = 7 WHERE id = 3", None),
    ("I36", "an adjustment waits", "UPDATE adjustment SET account_id = 7 WHERE id = 2", None),
    ("I36", "a refund waits", "UPDATE purchase SET account_id = 7 WHERE id = 1; INSERT INTO refund (refund_number, payment_id, source, amount_fen, state,"
     " reason, maker_id) VALUES ('R9',1,'undelivered',1000,'asked','',1)", None),
    ("I36", "the account is open", "UPDATE account SET state = 'open', closed_at = NULL WHERE id = 7", None),
    ("I37", "the last use was never posted", "DELETE FROM transfer WHERE id = 72", None),
    ("I37", "what was taken out is nobody's", "DELETE FROM transfer WHERE id = 74", None),
    ("I37", "something was posted to a time before the end", "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at)"
     " SELECT 'use', 'bill', 99, id, 32, 1, '2026-02-01' FROM ledger_account WHERE code = 'tenant_liability' AND supply_id = 7", None),
    ("I44", "a correction that can never arrive stays paid", "UPDATE purchase b JOIN delivery d ON d.purchase_id = b.id SET"
     " b.origin = 'correction', d.state = 'cancelled', d.ended_at = '2026-03-02' WHERE b.id = 3", None),
    ("I44", "cancelled, and its payment says it was delivered", "UPDATE delivery d JOIN payment p ON p.purchase_id = d.purchase_id SET"
     " d.state = 'cancelled', d.ended_at = '2026-03-02', p.disposition = 'delivered' WHERE d.id = 3", None),
    ("I45", "called off and nowhere", "UPDATE purchase SET origin = 'returned' WHERE id = 4", None),
    ("I45", "waits, and the clearing has nothing", "INSERT INTO returned_money (purchase_id, account_id, supply_id, amount_fen)"
     " VALUES (3,2,2,3000)", None),
    ("I45", "refunded by no refund", "INSERT INTO returned_money (purchase_id, account_id, supply_id, amount_fen, state, ended_at)"
     " VALUES (3,2,2,3000,'refunded','2026-03-02')", None),
    ("I45", "delivered again with another amount", "INSERT INTO returned_money (purchase_id, account_id, supply_id, amount_fen, state,"
     " again_purchase_id, ended_at) VALUES (4,2,2,4000,'delivered',3,'2026-03-02')", None),
    ("I46", "the deposit is missing in the settlement", "UPDATE transfer SET object_id = 99 WHERE id = 76", None),
    ("I46", "less was paid out than the sheet says", "UPDATE transfer SET amount_fen = 5999 WHERE id = 77", None),
    ("I46", "closed and not paid out", "DELETE FROM transfer WHERE id = 77", None),
    ("I47", "a deposit nobody booked", "DELETE FROM transfer WHERE id = 78", None),
    ("I47", "an account says another deposit", "UPDATE account SET deposit_fen = 2999 WHERE id = 8", None),
    ("I56", "more was carried than came out", "UPDATE meter_swap SET carried_fen = 5 WHERE id = 1", None),
    ("I56", "the old epoch ended with another count", "UPDATE meter_swap SET old_count = 2 WHERE id = 1", None),
    ("I56", "the new epoch began with other money", "UPDATE supply_epoch SET open_balance_fen = 5 WHERE supply_id = 3 AND epoch = 2", None),
    ("I56", "a difference that nobody posted", "UPDATE meter_swap SET correction_fen = 700 WHERE id = 1", None),
    ("I57", "an epoch of a meter that is gone", "UPDATE supply_epoch SET meter_id = 3 WHERE supply_id = 3 AND epoch = 2", None),
]


def setUpModule():
    global servers
    servers = lib.Servers()
    servers.start_mariadb()
    servers.migrate()
    servers.migrate()  # every migration may run again
    servers.sql(PARK)
    servers.sql(MONEY)
    servers.sql(CLOSED)


def tearDownModule():
    servers.stop()


def tripped(statement, key):
    """The invariants that fail after the statement; the database is as before when this returns."""
    free = "SET foreign_key_checks = 0, unique_checks = 0, check_constraint_checks = 0;"
    if key:
        servers.sql(free + f"ALTER TABLE {key[0]} DROP KEY {key[1]};")
    try:
        return invariants.failed(servers.sql(free + f"START TRANSACTION; {statement};" + invariants.script() + "ROLLBACK;"))
    finally:
        if key:
            servers.sql(free + f"ALTER TABLE {key[0]} ADD UNIQUE KEY {key[1]} ({key[2]});")


class Invariants(unittest.TestCase):
    def test_hold_on_good_data(self):
        self.assertEqual(invariants.check(servers), {})

    def test_each_has_words_and_a_mutation(self):
        covered = {row[0] for row in MUTATIONS}
        for name, text in invariants.files():
            self.assertRegex(name, r"^I\d\d_[a-z0-9_]+$")
            self.assertRegex(text, re.compile(r"\A-- zh: .+\n-- en: .+\.\nSELECT", re.S), name)
            self.assertIn(name[:3], covered)

    def test_mutations_trip_them(self):
        missed = []
        for invariant, words, statement, key in MUTATIONS:
            found = tripped(statement, key)
            print(f"{invariant} {words}: {' '.join(sorted(name[:3] for name in found))}")
            if not any(name.startswith(invariant) for name in found):
                missed.append(f"{invariant} ({words}) did not trip, only {sorted(found)}")
        self.assertEqual(missed, [])
        self.assertEqual(invariants.check(servers), {})


REFUSED = [
    ("a transfer of nothing", "UPDATE transfer SET amount_fen = 0 WHERE id = 16"),
    ("an account pays itself", "UPDATE transfer SET debit_id = credit_id WHERE id = 16"),
    ("a count used twice", "UPDATE delivery SET purchase_count = 1 WHERE id = 2"),
    ("two in flight", "UPDATE delivery SET state = 'sending', ended_at = NULL WHERE id = 1"),
    ("a pending delivery with a count", "UPDATE delivery SET purchase_count = 9, claimed_at = NOW() WHERE id = 3"),
    ("a sending delivery without a count", "UPDATE delivery SET state = 'sending' WHERE id = 3"),
    ("a second delivery for a purchase", "INSERT INTO delivery (purchase_id, supply_id, epoch, meter_id, amount_fen) VALUES (1,1,1,1,1000)"),
    ("a delivery in an epoch that is not there", "UPDATE delivery SET epoch = 9 WHERE id = 3"),
    ("confirmed without evidence", "UPDATE delivery SET after_count = NULL WHERE id = 1"),
    ("fenced without proof", "UPDATE delivery SET fence_proof = NULL WHERE id = 4"),
    ("a payment of nothing", "UPDATE payment SET amount_fen = 0 WHERE id = 5"),
    ("settled without a place", "UPDATE payment SET disposition = 'none' WHERE id = 2"),
    ("suspense without a reason", "UPDATE payment SET suspense_reason = NULL WHERE id = 8"),
    ("one provider transaction for two payments", "UPDATE payment SET provider_transaction = 'P1' WHERE id = 2"),
    ("a refund by one person", "UPDATE refund SET checker_id = maker_id WHERE id = 1"),
    ("an adjustment by one person", "UPDATE adjustment SET checker_id = maker_id WHERE id = 1"),
    ("an adjustment that moves the count", "UPDATE adjustment SET new_count = 42 WHERE id = 1"),
    ("two accounts for one supply", "INSERT INTO account_supply (account_id, supply_id, from_at) VALUES (2, 1, '2026-02-01')"),
    ("two open epochs for one supply", "INSERT INTO supply_epoch (supply_id, epoch, meter_id, open_count, open_balance_fen, open_energy_wh, opened_at)"
     " VALUES (1,2,1,0,0,0,NOW())"),
    ("the same ledger account twice", "INSERT INTO ledger_account (code) VALUES ('revenue')"),
    ("the same posting twice", "INSERT INTO transfer (posting, object_kind, object_id, debit_id, credit_id, amount_fen, at) VALUES ('use','bill',1,15,32,200,NOW())"),
    ("a temporary account without an end", "UPDATE account SET kind = 'temporary' WHERE id = 1"),
    ("a platform purchase delivered", "UPDATE purchase SET state = 'delivered' WHERE id = 7"),
]


class Tables(unittest.TestCase):
    def test_refuse(self):
        taken = []
        for words, statement in REFUSED:
            done = servers.client([], check=False, text=f"START TRANSACTION; {statement}; ROLLBACK;", database=lib.DATABASE)
            if done.returncode == 0:
                taken.append(words)
        self.assertEqual(taken, [])
        self.assertEqual(invariants.check(servers), {})


if __name__ == "__main__":
    unittest.main()
