-- Take-over of live meters 接管: the sheet that somebody brought, what the meters said twice, and what came of each row.
-- Re-runnable.
CREATE TABLE IF NOT EXISTS take_over (
  id          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  file_name   VARCHAR(120) NOT NULL,
  state       ENUM('checked','done','undone') NOT NULL DEFAULT 'checked',
  created_by  BIGINT NULL,
  created_at  DATETIME(3) NOT NULL,
  done_at     DATETIME(3) NULL,
  undone_at   DATETIME(3) NULL,
  CONSTRAINT take_over_user FOREIGN KEY (created_by) REFERENCES user (id)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS take_over_row (
  take_over_id       BIGINT NOT NULL,
  line_number        INT NOT NULL,
  unit_number        VARCHAR(32) NOT NULL,
  shop_name          VARCHAR(80) NOT NULL,
  contact_name       VARCHAR(40) NOT NULL DEFAULT '',
  phone_sealed       VARBINARY(96) NULL,
  phone_hash         BINARY(32) NULL,
  phone_tail         CHAR(4) NOT NULL DEFAULT '',
  meter_number       VARCHAR(32) NOT NULL,
  sheet_balance_fen  BIGINT NULL,
  sheet_count        INT NULL,
  sheet_alarm_fen    BIGINT NULL,
  tariff_code        VARCHAR(32) NOT NULL DEFAULT '',
  supply_id          BIGINT NULL,
  tariff_id          BIGINT NULL,
  first_at           DATETIME(3) NULL,
  first_count        INT NULL,
  first_balance_fen  BIGINT NULL,
  first_energy_wh    BIGINT NULL,
  second_at          DATETIME(3) NULL,
  second_count       INT NULL,
  second_balance_fen BIGINT NULL,
  second_energy_wh   BIGINT NULL,
  verdict            ENUM('ok','balance_differs','count_differs','price_differs','alarm_differs','silent','error','taken','undone') NOT NULL,
  message            VARCHAR(200) NOT NULL DEFAULT '',
  message_en         VARCHAR(200) NOT NULL DEFAULT '',
  account_id         BIGINT NULL,
  PRIMARY KEY (take_over_id, line_number),
  KEY take_over_row_supply (supply_id),
  CONSTRAINT take_over_row_of FOREIGN KEY (take_over_id) REFERENCES take_over (id),
  CONSTRAINT take_over_row_supply FOREIGN KEY (supply_id) REFERENCES supply (id),
  CONSTRAINT take_over_row_account FOREIGN KEY (account_id) REFERENCES account (id)
) ENGINE=InnoDB;
