-- Money: who buys, what it costs, what was paid, what reached the meter, and the ledger under it all.
-- States and moves: core/rules/{payment,delivery,adjustment,refund}_state.h have the drawings.
-- Invariants over these tables: schema/invariants. Every statement may run again.

-- A tenant's contract. Kinds: prepaid 预付费, postpaid 后付费, temporary 临时, vacant 空置, own_use 自用/公共.
CREATE TABLE IF NOT EXISTS account (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  site_id      BIGINT NOT NULL,
  number       VARCHAR(32) NOT NULL,
  kind         ENUM('prepaid','postpaid','temporary','vacant','own_use') NOT NULL DEFAULT 'prepaid',
  state        ENUM('prepared','open','closed') NOT NULL DEFAULT 'prepared',
  name         VARCHAR(80) NOT NULL,
  name_pinyin  VARCHAR(80) NOT NULL DEFAULT '' COMMENT 'initials of name, lower case, for search',
  deposit_fen  BIGINT NOT NULL DEFAULT 0,
  ends_at      DATETIME(3) NULL COMMENT 'temporary accounts only',
  created_by   BIGINT NULL,
  created_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  opened_at    DATETIME(3) NULL,
  closed_at    DATETIME(3) NULL,
  changed_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY account_number (site_id, number),
  KEY account_changed (changed_at),
  CONSTRAINT account_site FOREIGN KEY (site_id) REFERENCES site (id),
  CONSTRAINT account_created_by FOREIGN KEY (created_by) REFERENCES user (id),
  CONSTRAINT account_deposit CHECK (deposit_fen >= 0),
  CONSTRAINT account_end CHECK ((kind = 'temporary') = (ends_at IS NOT NULL)),
  CONSTRAINT account_life CHECK ((state = 'prepared') = (opened_at IS NULL) AND (state = 'closed') = (closed_at IS NOT NULL))
) ENGINE=InnoDB;

-- 店长 manager, 财务 finance, 老板 owner, 总部 headquarters.
CREATE TABLE IF NOT EXISTS contact (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id    BIGINT NOT NULL,
  role          ENUM('manager','finance','owner','headquarters') NOT NULL DEFAULT 'manager',
  name          VARCHAR(40) NOT NULL,
  phone_sealed  VARBINARY(96) NOT NULL COMMENT 'sealed with the field key',
  phone_hash    BINARY(32) NOT NULL COMMENT 'keyed hash, for search and log-in',
  phone_tail    CHAR(4) NOT NULL COMMENT 'last four digits, shown masked',
  locale        ENUM('zh-CN','en') NOT NULL DEFAULT 'zh-CN',
  created_at    DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  ended_at      DATETIME(3) NULL,
  KEY contact_account (account_id),
  KEY contact_phone (phone_hash),
  CONSTRAINT contact_account FOREIGN KEY (account_id) REFERENCES account (id)
) ENGINE=InnoDB;

-- Which supplies an account has, from when until when; a supply has at most one account at a time.
CREATE TABLE IF NOT EXISTS account_supply (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id   BIGINT NOT NULL,
  supply_id    BIGINT NOT NULL,
  from_at      DATETIME(3) NOT NULL,
  until_at     DATETIME(3) NULL,
  live_supply  BIGINT AS (IF(until_at IS NULL, supply_id, NULL)) PERSISTENT,
  UNIQUE KEY account_supply_live (live_supply),
  KEY account_supply_account (account_id, until_at),
  KEY account_supply_supply (supply_id, from_at),
  CONSTRAINT account_supply_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT account_supply_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT account_supply_order CHECK (until_at IS NULL OR until_at >= from_at)
) ENGINE=InnoDB;

-- One meter's life on one supply: with what it began and, once closed, with what it ended.
CREATE TABLE IF NOT EXISTS supply_epoch (
  id                 BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id          BIGINT NOT NULL,
  epoch              INT NOT NULL,
  meter_id           BIGINT NOT NULL,
  open_count         INT NOT NULL COMMENT 'the meter count at take-over; ours starts one above',
  open_balance_fen   BIGINT NOT NULL,
  open_energy_wh     BIGINT NOT NULL,
  opened_at          DATETIME(3) NOT NULL,
  close_count        INT NULL,
  close_balance_fen  BIGINT NULL,
  close_energy_wh    BIGINT NULL,
  close_typed        BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'a dead meter: typed from its display, with a photo',
  closed_at          DATETIME(3) NULL,
  live_supply        BIGINT AS (IF(closed_at IS NULL, supply_id, NULL)) PERSISTENT,
  UNIQUE KEY supply_epoch_number (supply_id, epoch),
  UNIQUE KEY supply_epoch_live (live_supply),
  CONSTRAINT supply_epoch_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT supply_epoch_meter FOREIGN KEY (meter_id) REFERENCES meter (id),
  CONSTRAINT supply_epoch_open CHECK (open_count BETWEEN 0 AND 65535 AND open_energy_wh >= 0),
  CONSTRAINT supply_epoch_close CHECK ((closed_at IS NULL AND close_count IS NULL AND close_balance_fen IS NULL AND close_energy_wh IS NULL)
    OR (closed_at >= opened_at AND close_count IS NOT NULL AND close_balance_fen IS NOT NULL AND close_energy_wh IS NOT NULL))
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS tariff (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  site_id     BIGINT NOT NULL,
  code        VARCHAR(32) NOT NULL,
  name        VARCHAR(80) NOT NULL,
  name_en     VARCHAR(80) NOT NULL DEFAULT '',
  state       ENUM('active','retired') NOT NULL DEFAULT 'active',
  created_at  DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY tariff_code (site_id, code),
  CONSTRAINT tariff_site FOREIGN KEY (site_id) REFERENCES site (id)
) ENGINE=InnoDB;

-- What a tariff says from a moment on. Never changed once its moment has come: a new version is added.
CREATE TABLE IF NOT EXISTS tariff_version (
  id             BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tariff_id      BIGINT NOT NULL,
  valid_from_at  DATETIME(3) NOT NULL,
  kind           ENUM('single','rates','steps','steps_rates') NOT NULL,
  body           JSON NOT NULL COMMENT 'prices, steps, period, calendar: core/rules/tariff.h',
  approval_id    BIGINT NULL,
  created_by     BIGINT NULL,
  created_at     DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY tariff_version_from (tariff_id, valid_from_at),
  CONSTRAINT tariff_version_tariff FOREIGN KEY (tariff_id) REFERENCES tariff (id),
  CONSTRAINT tariff_version_approval FOREIGN KEY (approval_id) REFERENCES approval (id),
  CONSTRAINT tariff_version_created_by FOREIGN KEY (created_by) REFERENCES user (id)
) ENGINE=InnoDB;

-- Which tariff a supply is charged under, from when.
CREATE TABLE IF NOT EXISTS supply_tariff (
  supply_id      BIGINT NOT NULL,
  valid_from_at  DATETIME(3) NOT NULL,
  tariff_id      BIGINT NOT NULL,
  created_by     BIGINT NULL,
  created_at     DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (supply_id, valid_from_at),
  CONSTRAINT supply_tariff_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT supply_tariff_tariff FOREIGN KEY (tariff_id) REFERENCES tariff (id),
  CONSTRAINT supply_tariff_created_by FOREIGN KEY (created_by) REFERENCES user (id)
) ENGINE=InnoDB;

-- What is bought. origin says who funds it: payment; wrong_shop, the right shop gets its money at once; returned, money taken
-- out of another meter; suspense, money nobody could have, delivered after all (payment.purchase_id then points here).
CREATE TABLE IF NOT EXISTS purchase (
  id            BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  number        VARCHAR(32) NOT NULL UNIQUE,
  account_id    BIGINT NOT NULL,
  supply_id     BIGINT NOT NULL,
  epoch         INT NOT NULL,
  mode          ENUM('meter','platform') NOT NULL,
  origin        ENUM('payment','wrong_shop','returned','suspense') NOT NULL DEFAULT 'payment',
  amount_fen    BIGINT NOT NULL,
  state         ENUM('open','paid','delivered','credited','refunded','cancelled') NOT NULL DEFAULT 'open',
  quote         JSON NULL COMMENT 'what the buyer was shown: energy at which prices, warnings',
  actor_kind    ENUM('user','tenant','machine','system') NOT NULL,
  actor_id      BIGINT NOT NULL DEFAULT 0,
  approval_id   BIGINT NULL,
  created_at    DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  paid_at       DATETIME(3) NULL,
  ended_at      DATETIME(3) NULL,
  power_at      DATETIME(3) NULL COMMENT 'when power was there again; the clock from money to power',
  changed_at    DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  KEY purchase_account (account_id, id),
  KEY purchase_supply (supply_id, state),
  KEY purchase_state (state, paid_at),
  KEY purchase_changed (changed_at),
  CONSTRAINT purchase_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT purchase_epoch FOREIGN KEY (supply_id, epoch) REFERENCES supply_epoch (supply_id, epoch),
  CONSTRAINT purchase_approval FOREIGN KEY (approval_id) REFERENCES approval (id),
  CONSTRAINT purchase_amount CHECK (amount_fen BETWEEN 1 AND 1000000000000),
  CONSTRAINT purchase_paid CHECK ((state IN ('open','cancelled')) = (paid_at IS NULL)),
  CONSTRAINT purchase_end CHECK (NOT (state = 'delivered' AND mode = 'platform') AND NOT (state = 'credited' AND mode = 'meter'))
) ENGINE=InnoDB;

-- A transaction of a provider or of the counter. Several may hit one purchase. Money that came for no order of ours, or with
-- another amount than asked, gets a row of its own in suspense, with what really came and no purchase.
CREATE TABLE IF NOT EXISTS payment (
  id                    BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_number          VARCHAR(40) NOT NULL UNIQUE COMMENT 'ours, as sent to the provider',
  purchase_id           BIGINT NULL,
  channel               VARCHAR(32) NOT NULL COMMENT 'wechat, alipay, unionpay, cash, ...',
  merchant              VARCHAR(32) NOT NULL DEFAULT '' COMMENT 'merchant key of the settings',
  amount_fen            BIGINT NOT NULL,
  currency              CHAR(3) NOT NULL DEFAULT 'CNY',
  state                 ENUM('creating','open','settled','closed','failed') NOT NULL DEFAULT 'creating',
  disposition           ENUM('none','pending','delivered','credited','refunded','suspense') NOT NULL DEFAULT 'none',
  suspense_reason       ENUM('closed_account','paid_twice','late','no_order','wrong_amount') NULL,
  owner_id              BIGINT NULL COMMENT 'who deals with it while it waits for a person',
  provider_transaction  VARCHAR(64) NULL,
  pay_link              VARCHAR(600) NULL,
  created_at            DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  expires_at            DATETIME(3) NULL,
  next_query_at         DATETIME(3) NULL,
  queries               INT NOT NULL DEFAULT 0,
  settled_at            DATETIME(3) NULL,
  changed_at            DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE KEY payment_transaction (channel, merchant, provider_transaction),
  KEY payment_purchase (purchase_id),
  KEY payment_query (state, next_query_at),
  KEY payment_disposition (disposition, settled_at),
  CONSTRAINT payment_purchase FOREIGN KEY (purchase_id) REFERENCES purchase (id),
  CONSTRAINT payment_owner FOREIGN KEY (owner_id) REFERENCES user (id),
  CONSTRAINT payment_amount CHECK (amount_fen BETWEEN 1 AND 1000000000000),
  CONSTRAINT payment_settled CHECK ((state = 'settled') = (disposition <> 'none') AND (state = 'settled') = (settled_at IS NOT NULL)),
  CONSTRAINT payment_suspense CHECK (disposition <> 'suspense' OR suspense_reason IS NOT NULL),
  CONSTRAINT payment_nobody CHECK (purchase_id IS NOT NULL OR disposition IN ('suspense','refunded'))
) ENGINE=InnoDB;

-- What the provider or the counter said, verified or not; never changed.
CREATE TABLE IF NOT EXISTS payment_event (
  id                    BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  payment_id            BIGINT NULL,
  source                ENUM('notice','query','bill','counter') NOT NULL,
  channel               VARCHAR(32) NOT NULL,
  merchant              VARCHAR(32) NOT NULL DEFAULT '',
  provider_transaction  VARCHAR(64) NOT NULL DEFAULT '',
  order_number          VARCHAR(64) NOT NULL DEFAULT '',
  paid                  BOOLEAN NOT NULL COMMENT 'the outcome says that money came',
  amount_fen            BIGINT NOT NULL,
  currency              CHAR(3) NOT NULL DEFAULT 'CNY',
  verified              BOOLEAN NOT NULL COMMENT 'signature and address checked, or a person at the counter',
  verdict               VARCHAR(32) NOT NULL COMMENT 'settle_verdict_code',
  body_sha256           BINARY(32) NULL,
  occurred_at           DATETIME(3) NULL,
  received_at           DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY payment_event_payment (payment_id),
  KEY payment_event_transaction (channel, merchant, provider_transaction),
  KEY payment_event_order (order_number),
  CONSTRAINT payment_event_payment FOREIGN KEY (payment_id) REFERENCES payment (id)
) ENGINE=InnoDB;

-- Bringing a purchase into the meter. purchase_count is given when the poller claims it and never goes away.
CREATE TABLE IF NOT EXISTS delivery (
  id                   BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  purchase_id          BIGINT NOT NULL UNIQUE,
  supply_id            BIGINT NOT NULL,
  epoch                INT NOT NULL,
  meter_id             BIGINT NOT NULL,
  amount_fen           BIGINT NOT NULL,
  state                ENUM('pending','sending','confirmed','fencing','fenced','hold','manual','cancelled') NOT NULL DEFAULT 'pending',
  purchase_count       INT NULL,
  wait_code            VARCHAR(32) NOT NULL DEFAULT '' COMMENT 'why it waits: claim_verdict_code or readback_verdict_code',
  created_at           DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  claimed_at           DATETIME(3) NULL,
  claimed_by           VARCHAR(40) NULL COMMENT 'poller instance; in the WHERE of every later update',
  before_serial        VARCHAR(20) NULL,
  before_count         INT NULL,
  before_balance_fen   BIGINT NULL,
  before_energy        JSON NULL COMMENT 'total and rate registers, Wh',
  sends                INT NOT NULL DEFAULT 0,
  last_sent_at         DATETIME(3) NULL,
  unknown_since_at     DATETIME(3) NULL COMMENT 'a time-out is a state: read back, then the same count again',
  fence_asked_at       DATETIME(3) NULL COMMENT 'committed before the zero purchase leaves',
  fence_asked_by       BIGINT NULL,
  fence_proof          ENUM('zero_purchase','adjustment','epoch_closed') NULL COMMENT 'what makes sure that it can never apply',
  after_count          INT NULL,
  after_balance_fen    BIGINT NULL,
  after_last_fen       BIGINT NULL COMMENT 'last-amount register, where the model has one',
  use_cost_fen         BIGINT NULL COMMENT 'cost of the use between the two readings',
  tolerance_fen        BIGINT NULL,
  decided_by           BIGINT NULL COMMENT 'person who ended a manual state; NULL: the read-back did',
  approval_id          BIGINT NULL,
  ended_at             DATETIME(3) NULL,
  changed_at           DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
  slot_supply          BIGINT AS (IF(purchase_count IS NOT NULL AND state IN ('sending','fencing','hold','manual'), supply_id, NULL)) PERSISTENT,
  UNIQUE KEY delivery_count (supply_id, epoch, purchase_count),
  UNIQUE KEY delivery_slot (slot_supply),
  KEY delivery_open (state, meter_id),
  KEY delivery_changed (changed_at),
  CONSTRAINT delivery_purchase FOREIGN KEY (purchase_id) REFERENCES purchase (id),
  CONSTRAINT delivery_epoch FOREIGN KEY (supply_id, epoch) REFERENCES supply_epoch (supply_id, epoch),
  CONSTRAINT delivery_meter FOREIGN KEY (meter_id) REFERENCES meter (id),
  CONSTRAINT delivery_fence_asked_by FOREIGN KEY (fence_asked_by) REFERENCES user (id),
  CONSTRAINT delivery_decided_by FOREIGN KEY (decided_by) REFERENCES user (id),
  CONSTRAINT delivery_approval FOREIGN KEY (approval_id) REFERENCES approval (id),
  CONSTRAINT delivery_amount CHECK (amount_fen BETWEEN 1 AND 1000000000000),
  CONSTRAINT delivery_count_range CHECK (purchase_count IS NULL OR purchase_count BETWEEN 1 AND 65535),
  CONSTRAINT delivery_count_state CHECK (IF(state IN ('pending','cancelled'), purchase_count IS NULL,
    state IN ('hold','manual') OR purchase_count IS NOT NULL)),
  CONSTRAINT delivery_claim CHECK (purchase_count IS NULL OR (claimed_at IS NOT NULL AND before_serial IS NOT NULL
    AND before_count IS NOT NULL AND before_balance_fen IS NOT NULL)),
  CONSTRAINT delivery_proof CHECK (state <> 'confirmed' OR (after_count IS NOT NULL AND after_balance_fen IS NOT NULL
    AND use_cost_fen IS NOT NULL AND tolerance_fen IS NOT NULL) OR decided_by IS NOT NULL),
  CONSTRAINT delivery_fenced CHECK ((state = 'fenced') = (fence_proof IS NOT NULL)),
  CONSTRAINT delivery_ended CHECK ((state IN ('confirmed','fenced','cancelled')) = (ended_at IS NOT NULL))
) ENGINE=InnoDB;

-- Absolute write of balance and count: the only way in which money leaves a meter. The count stays as it is, except where the
-- adjustment burns the count of an undecided delivery.
CREATE TABLE IF NOT EXISTS adjustment (
  id                BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  kind              ENUM('refund','reversal','wrong_shop','correction','swap','close','fence') NOT NULL,
  account_id        BIGINT NOT NULL,
  supply_id         BIGINT NOT NULL,
  epoch             INT NOT NULL,
  meter_id          BIGINT NOT NULL,
  delivery_id       BIGINT NULL COMMENT 'kind fence: whose count is burnt; reversal, wrong_shop: what is taken back',
  amount_fen        BIGINT NOT NULL COMMENT 'asked to leave the meter; below zero: a correction that adds',
  state             ENUM('asked','approved','writing','manual','applied','typed','refused','rejected','expired','cancelled') NOT NULL DEFAULT 'asked',
  reason            VARCHAR(200) NOT NULL,
  evidence_sha256   BINARY(32) NULL COMMENT 'photo or PDF',
  maker_id          BIGINT NOT NULL,
  checker_id        BIGINT NULL,
  approval_id       BIGINT NULL,
  trip_command_id   BIGINT NULL COMMENT 'the forced trip that was proved before the write',
  old_count         INT NULL,
  old_balance_fen   BIGINT NULL,
  new_count         INT NULL,
  new_balance_fen   BIGINT NULL,
  read_count        INT NULL,
  read_balance_fen  BIGINT NULL,
  tolerance_fen     BIGINT NOT NULL DEFAULT 0,
  left_fen          BIGINT NULL COMMENT 'what really left: old balance - read balance; this is posted',
  writes            INT NOT NULL DEFAULT 0,
  unknown_since_at  DATETIME(3) NULL,
  created_at        DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  written_at        DATETIME(3) NULL,
  ended_at          DATETIME(3) NULL,
  slot_supply       BIGINT AS (IF(state IN ('writing','manual'), supply_id, NULL)) PERSISTENT,
  UNIQUE KEY adjustment_slot (slot_supply),
  KEY adjustment_supply (supply_id, id),
  KEY adjustment_state (state, created_at),
  CONSTRAINT adjustment_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT adjustment_epoch FOREIGN KEY (supply_id, epoch) REFERENCES supply_epoch (supply_id, epoch),
  CONSTRAINT adjustment_meter FOREIGN KEY (meter_id) REFERENCES meter (id),
  CONSTRAINT adjustment_delivery FOREIGN KEY (delivery_id) REFERENCES delivery (id),
  CONSTRAINT adjustment_maker FOREIGN KEY (maker_id) REFERENCES user (id),
  CONSTRAINT adjustment_checker FOREIGN KEY (checker_id) REFERENCES user (id),
  CONSTRAINT adjustment_approval FOREIGN KEY (approval_id) REFERENCES approval (id),
  CONSTRAINT adjustment_trip FOREIGN KEY (trip_command_id) REFERENCES command (id),
  CONSTRAINT adjustment_amount CHECK (amount_fen BETWEEN -1000000000000 AND 1000000000000 AND (amount_fen <> 0 OR kind IN ('fence','swap','close'))),
  CONSTRAINT adjustment_negative CHECK (amount_fen >= 0 OR kind = 'correction'),
  CONSTRAINT adjustment_four_eyes CHECK (state IN ('asked','rejected','expired','cancelled') OR (checker_id IS NOT NULL AND checker_id <> maker_id)),
  CONSTRAINT adjustment_targets CHECK (state NOT IN ('writing','manual','applied') OR (old_count IS NOT NULL AND old_balance_fen IS NOT NULL
    AND new_count IS NOT NULL AND new_balance_fen IS NOT NULL)),
  CONSTRAINT adjustment_count CHECK (new_count IS NULL OR new_count = old_count OR (kind = 'fence' AND delivery_id IS NOT NULL AND new_count = old_count + 1)),
  CONSTRAINT adjustment_posted CHECK ((state IN ('applied','typed')) = (left_fen IS NOT NULL)),
  CONSTRAINT adjustment_typed CHECK (state <> 'typed' OR evidence_sha256 IS NOT NULL)
) ENGINE=InnoDB;

-- Money back to the payer of one payment; refund_number is made once and used in every try.
CREATE TABLE IF NOT EXISTS refund (
  id               BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  refund_number    VARCHAR(40) NOT NULL UNIQUE,
  payment_id       BIGINT NOT NULL,
  source           ENUM('undelivered','suspense','adjustment') NOT NULL,
  adjustment_id    BIGINT NULL,
  amount_fen       BIGINT NOT NULL,
  state            ENUM('asked','approved','submitted','succeeded','failed','suspense','rejected','expired','cancelled') NOT NULL DEFAULT 'asked',
  reason           VARCHAR(200) NOT NULL,
  maker_id         BIGINT NOT NULL,
  checker_id       BIGINT NULL,
  approval_id      BIGINT NULL,
  provider_refund  VARCHAR(64) NULL,
  fail_code        VARCHAR(64) NOT NULL DEFAULT '',
  created_at       DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  submitted_at     DATETIME(3) NULL COMMENT 'committed before the provider is called',
  next_query_at    DATETIME(3) NULL,
  ended_at         DATETIME(3) NULL,
  KEY refund_payment (payment_id),
  KEY refund_query (state, next_query_at),
  CONSTRAINT refund_payment FOREIGN KEY (payment_id) REFERENCES payment (id),
  CONSTRAINT refund_adjustment FOREIGN KEY (adjustment_id) REFERENCES adjustment (id),
  CONSTRAINT refund_maker FOREIGN KEY (maker_id) REFERENCES user (id),
  CONSTRAINT refund_checker FOREIGN KEY (checker_id) REFERENCES user (id),
  CONSTRAINT refund_approval FOREIGN KEY (approval_id) REFERENCES approval (id),
  CONSTRAINT refund_amount CHECK (amount_fen BETWEEN 1 AND 1000000000000),
  CONSTRAINT refund_source CHECK ((source = 'adjustment') = (adjustment_id IS NOT NULL)),
  CONSTRAINT refund_four_eyes CHECK (state IN ('asked','rejected','expired','cancelled') OR (checker_id IS NOT NULL AND checker_id <> maker_id)),
  CONSTRAINT refund_submitted CHECK (state NOT IN ('submitted','succeeded','failed','suspense') OR submitted_at IS NOT NULL)
) ENGINE=InnoDB;

-- One row an account of core/rules/ledger_account.def and owner (site, channel or supply).
CREATE TABLE IF NOT EXISTS ledger_account (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  code        VARCHAR(32) NOT NULL,
  supply_id   BIGINT NULL,
  channel     VARCHAR(32) NULL,
  owner_key   VARCHAR(48) AS (CONCAT(IFNULL(supply_id, ''), '/', IFNULL(channel, ''))) PERSISTENT,
  UNIQUE KEY ledger_account_owner (code, owner_key),
  KEY ledger_account_supply (supply_id),
  CONSTRAINT ledger_account_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT ledger_account_one CHECK (supply_id IS NULL OR channel IS NULL)
) ENGINE=InnoDB;

-- Double entry: amount_fen leaves the credit account and reaches the debit account. Append only: the programs have INSERT and
-- SELECT. What a posting means and which accounts it joins: core/rules/ledger_posting.def.
CREATE TABLE IF NOT EXISTS transfer (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  posting     VARCHAR(32) NOT NULL,
  object_kind VARCHAR(16) NOT NULL COMMENT 'payment, purchase, delivery, adjustment, refund, charge, epoch, bill',
  object_id   BIGINT NOT NULL,
  debit_id    BIGINT NOT NULL,
  credit_id   BIGINT NOT NULL,
  amount_fen  BIGINT NOT NULL,
  at          DATETIME(3) NOT NULL COMMENT 'moment of the fact: billing days are cut by this',
  posted_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY transfer_once (posting, object_kind, object_id),
  KEY transfer_debit (debit_id, at),
  KEY transfer_credit (credit_id, at),
  KEY transfer_object (object_kind, object_id),
  CONSTRAINT transfer_debit FOREIGN KEY (debit_id) REFERENCES ledger_account (id),
  CONSTRAINT transfer_credit FOREIGN KEY (credit_id) REFERENCES ledger_account (id),
  CONSTRAINT transfer_two_sides CHECK (debit_id <> credit_id),
  CONSTRAINT transfer_amount CHECK (amount_fen BETWEEN 1 AND 1000000000000)
) ENGINE=InnoDB;
