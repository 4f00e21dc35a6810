-- Site, buildings, units, rooms; people and their rights.
-- Every statement may run again: a migration that was cut off is simply repeated.
CREATE TABLE IF NOT EXISTS site (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  code        VARCHAR(32) NOT NULL UNIQUE,
  name        VARCHAR(80) NOT NULL,
  name_en     VARCHAR(80) NOT NULL DEFAULT '',
  time_zone   VARCHAR(40) NOT NULL,
  created_at  DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS building (
  id       BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  site_id  BIGINT NOT NULL,
  code     VARCHAR(32) NOT NULL,
  name     VARCHAR(80) NOT NULL,
  name_en  VARCHAR(80) NOT NULL DEFAULT '',
  UNIQUE KEY building_code (site_id, code),
  CONSTRAINT building_site FOREIGN KEY (site_id) REFERENCES site (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS floor (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  building_id  BIGINT NOT NULL,
  code         VARCHAR(32) NOT NULL,
  name         VARCHAR(80) NOT NULL,
  position     INT NOT NULL DEFAULT 0,
  UNIQUE KEY floor_code (building_id, code),
  CONSTRAINT floor_building FOREIGN KEY (building_id) REFERENCES building (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS unit (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  site_id      BIGINT NOT NULL,
  floor_id     BIGINT NOT NULL,
  number       VARCHAR(32) NOT NULL,
  trade        VARCHAR(32) NOT NULL DEFAULT '',
  state        ENUM('vacant','fitting_out','open','temporary') NOT NULL DEFAULT 'vacant',
  shop_name    VARCHAR(80) NOT NULL DEFAULT '',
  shop_pinyin  VARCHAR(80) NOT NULL DEFAULT '' COMMENT 'initials of shop_name, lower case, for search',
  area_dm2     BIGINT NOT NULL DEFAULT 0 COMMENT 'area in 1/100 m2',
  UNIQUE KEY unit_number (site_id, number),
  CONSTRAINT unit_site FOREIGN KEY (site_id) REFERENCES site (id),
  CONSTRAINT unit_floor FOREIGN KEY (floor_id) REFERENCES floor (id),
  CONSTRAINT unit_area CHECK (area_dm2 >= 0)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS room (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  site_id      BIGINT NOT NULL,
  building_id  BIGINT NULL,
  code         VARCHAR(32) NOT NULL,
  name         VARCHAR(80) NOT NULL,
  UNIQUE KEY room_code (site_id, code),
  CONSTRAINT room_site FOREIGN KEY (site_id) REFERENCES site (id),
  CONSTRAINT room_building FOREIGN KEY (building_id) REFERENCES building (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS role (
  id       BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  code     VARCHAR(32) NOT NULL UNIQUE COMMENT 'rights of a code: core/rules/permission.def',
  name     VARCHAR(80) NOT NULL,
  name_en  VARCHAR(80) NOT NULL
) ENGINE=InnoDB;

INSERT IGNORE INTO role (code, name, name_en) VALUES
  ('administrator', '系统管理员', 'Administrator'),
  ('finance', '财务', 'Finance'),
  ('engineer', '物业工程', 'Duty engineer'),
  ('auditor', '审计', 'Auditor');

CREATE TABLE IF NOT EXISTS user (
  id                    BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name                  VARCHAR(40) NOT NULL UNIQUE,
  display_name          VARCHAR(80) NOT NULL,
  role_id               BIGINT NOT NULL,
  locale                ENUM('zh-CN','en') NOT NULL DEFAULT 'zh-CN',
  state                 ENUM('active','disabled') NOT NULL DEFAULT 'active',
  password_hash         VARCHAR(160) NOT NULL COMMENT 'argon2id, encoded form',
  password_changed_at   DATETIME(3) NULL,
  must_change_password  BOOLEAN NOT NULL DEFAULT FALSE,
  totp_secret           VARBINARY(96) NULL COMMENT 'sealed with the field key; NULL: not enrolled',
  totp_last_step        BIGINT NOT NULL DEFAULT 0 COMMENT 'a step is accepted once',
  failed_count          INT NOT NULL DEFAULT 0,
  failed_since_at       DATETIME(3) NULL,
  locked_until_at       DATETIME(3) NULL,
  last_login_at         DATETIME(3) NULL,
  session_epoch         INT NOT NULL DEFAULT 1 COMMENT 'raised to end all sessions of the user',
  created_at            DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  CONSTRAINT user_role FOREIGN KEY (role_id) REFERENCES role (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS user_recovery_code (
  user_id    BIGINT NOT NULL,
  code_hash  BINARY(32) NOT NULL,
  used_at    DATETIME(3) NULL,
  PRIMARY KEY (user_id, code_hash),
  CONSTRAINT user_recovery_code_user FOREIGN KEY (user_id) REFERENCES user (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS site_setting (
  name        VARCHAR(64) NOT NULL PRIMARY KEY,
  value       VARCHAR(1000) NOT NULL,
  changed_by  BIGINT NULL,
  changed_at  DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  CONSTRAINT site_setting_user FOREIGN KEY (changed_by) REFERENCES user (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS idempotency (
  actor_kind   ENUM('user','tenant','machine') NOT NULL,
  actor_id     BIGINT NOT NULL,
  route        VARCHAR(96) NOT NULL,
  key_text     VARCHAR(64) NOT NULL,
  body_hash    BINARY(32) NOT NULL,
  status       INT NOT NULL DEFAULT 0 COMMENT '0: the first request is still at work',
  answer       MEDIUMTEXT NULL,
  created_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  PRIMARY KEY (actor_kind, actor_id, route, key_text),
  KEY idempotency_age (created_at)
) ENGINE=InnoDB;
