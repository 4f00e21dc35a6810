-- The tenant's phone site: who logs in, what he may see, codes, stickers, and messages on their way. Re-runnable.

-- A person is a phone number. He reaches an account by a contact that staff put there (contact.phone_site), or by a binding.
CREATE TABLE IF NOT EXISTS tenant_user (
  id                    BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  phone_hash            BINARY(32) NOT NULL UNIQUE COMMENT 'keyed hash, as contact.phone_hash',
  phone_sealed          VARBINARY(96) NOT NULL COMMENT 'sealed with the field key',
  phone_tail            CHAR(4) NOT NULL,
  password_hash         VARCHAR(128) NULL COMMENT 'argon2id; NULL: logs in by code only',
  must_change_password  BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'somebody at the counter chose it',
  locale                ENUM('zh-CN','en') NOT NULL DEFAULT 'zh-CN',
  session_epoch         BIGINT NOT NULL DEFAULT 1,
  failed_count          INT NOT NULL DEFAULT 0,
  failed_since_at       DATETIME(3) NULL,
  locked_until_at       DATETIME(3) NULL,
  last_login_at         DATETIME(3) NULL,
  created_at            DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
) ENGINE=InnoDB;

-- A contact whose phone was removed from the phone site still gets warnings.
ALTER TABLE contact ADD COLUMN IF NOT EXISTS phone_site BOOLEAN NOT NULL DEFAULT TRUE COMMENT 'may log in on the phone site';

-- What a person got by a counter code, or as a payer (amount and shop name only).
CREATE TABLE IF NOT EXISTS tenant_binding (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tenant_user_id  BIGINT NOT NULL,
  account_id      BIGINT NOT NULL,
  role            ENUM('tenant','payer') NOT NULL,
  source          ENUM('code','tenant') NOT NULL COMMENT 'a counter code, or a tenant of the account',
  added_by        BIGINT NULL COMMENT 'tenant_user who added a payer',
  created_at      DATETIME(3) NOT NULL,
  ended_at        DATETIME(3) NULL,
  live_user       BIGINT AS (IF(ended_at IS NULL, tenant_user_id, NULL)) PERSISTENT,
  UNIQUE KEY tenant_binding_live (live_user, account_id),
  KEY tenant_binding_account (account_id, ended_at),
  CONSTRAINT tenant_binding_user FOREIGN KEY (tenant_user_id) REFERENCES tenant_user (id),
  CONSTRAINT tenant_binding_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT tenant_binding_added FOREIGN KEY (added_by) REFERENCES tenant_user (id)
) ENGINE=InnoDB;

-- One-time codes sent to a phone. Only the keyed hash is kept.
CREATE TABLE IF NOT EXISTS tenant_code (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  phone_hash  BINARY(32) NOT NULL,
  code_hash   BINARY(32) NOT NULL,
  created_at  DATETIME(3) NOT NULL,
  expires_at  DATETIME(3) NOT NULL,
  tries       INT NOT NULL DEFAULT 0,
  used_at     DATETIME(3) NULL,
  KEY tenant_code_phone (phone_hash, created_at),
  KEY tenant_code_age (created_at)
) ENGINE=InnoDB;

-- A code on paper, given at the counter: binds whoever types it to the account, once.
CREATE TABLE IF NOT EXISTS binding_code (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account_id  BIGINT NOT NULL,
  code_hash   BINARY(32) NOT NULL UNIQUE,
  created_by  BIGINT NOT NULL,
  created_at  DATETIME(3) NOT NULL,
  expires_at  DATETIME(3) NOT NULL,
  used_at     DATETIME(3) NULL,
  used_by     BIGINT NULL,
  KEY binding_code_account (account_id, created_at),
  CONSTRAINT binding_code_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT binding_code_by FOREIGN KEY (created_by) REFERENCES user (id),
  CONSTRAINT binding_code_used FOREIGN KEY (used_by) REFERENCES tenant_user (id)
) ENGINE=InnoDB;

-- The printed QR of a supply: pay without log-in, see nothing. A new one ends the old one.
CREATE TABLE IF NOT EXISTS pay_sticker (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  supply_id    BIGINT NOT NULL,
  code         CHAR(12) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
  created_by   BIGINT NOT NULL,
  created_at   DATETIME(3) NOT NULL,
  ended_at     DATETIME(3) NULL,
  live_supply  BIGINT AS (IF(ended_at IS NULL, supply_id, NULL)) PERSISTENT,
  UNIQUE KEY pay_sticker_live (live_supply),
  CONSTRAINT pay_sticker_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT pay_sticker_by FOREIGN KEY (created_by) REFERENCES user (id)
) ENGINE=InnoDB;

-- What the tenant asked for beside the site's own warnings: earlier, never later.
CREATE TABLE IF NOT EXISTS supply_alert (
  supply_id        BIGINT NOT NULL PRIMARY KEY,
  level1_fen       BIGINT NULL,
  days_left_milli  BIGINT NULL,
  changed_by       BIGINT NOT NULL COMMENT 'tenant_user',
  changed_at       DATETIME(3) NOT NULL,
  CONSTRAINT supply_alert_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT supply_alert_by FOREIGN KEY (changed_by) REFERENCES tenant_user (id),
  CONSTRAINT supply_alert_range CHECK ((level1_fen IS NULL OR level1_fen BETWEEN 0 AND 100000000)
    AND (days_left_milli IS NULL OR days_left_milli BETWEEN 0 AND 365000))
) ENGINE=InnoDB;

-- May the tenant switch his own supplies from the phone? Off unless staff turned it on.
ALTER TABLE account ADD COLUMN IF NOT EXISTS own_switch BOOLEAN NOT NULL DEFAULT FALSE;

-- Texts on their way to a phone, and those shown on the phone site. The text of a code is sealed and wiped once it left.
CREATE TABLE IF NOT EXISTS message (
  id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  channel         ENUM('sms','site') NOT NULL,
  kind            VARCHAR(32) NOT NULL COMMENT 'login_code, ...',
  account_id      BIGINT NULL,
  supply_id       BIGINT NULL,
  phone_hash      BINARY(32) NULL,
  phone_sealed    VARBINARY(96) NULL,
  phone_tail      CHAR(4) NOT NULL DEFAULT '',
  locale          ENUM('zh-CN','en') NOT NULL DEFAULT 'zh-CN',
  body            VARCHAR(400) NULL COMMENT 'as it reads; NULL where it is sealed or wiped',
  body_sealed     VARBINARY(600) NULL,
  state           ENUM('pending','sending','accepted','refused','unknown','expired') NOT NULL DEFAULT 'pending',
  created_at      DATETIME(3) NOT NULL,
  expires_at      DATETIME(3) NOT NULL COMMENT 'not sent after this',
  sent_at         DATETIME(3) NULL,
  ended_at        DATETIME(3) NULL,
  provider        VARCHAR(32) NOT NULL DEFAULT '',
  provider_reference VARCHAR(64) NOT NULL DEFAULT '',
  read_at         DATETIME(3) NULL,
  KEY message_open (state, created_at),
  KEY message_account (account_id, id),
  CONSTRAINT message_account FOREIGN KEY (account_id) REFERENCES account (id),
  CONSTRAINT message_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT message_to CHECK (channel <> 'sms' OR (phone_hash IS NOT NULL AND phone_sealed IS NOT NULL))
) ENGINE=InnoDB;
