-- The rate tables of a meter as read, raw: core/rules/rate_table.h says what they mean.
ALTER TABLE meter_parameter
  ADD COLUMN IF NOT EXISTS rate_zones VARBINARY(12) NULL COMMENT 'four of [table, day, month]',
  ADD COLUMN IF NOT EXISTS day_table_1 VARBINARY(42) NULL COMMENT 'fourteen of [rate, minute, hour]',
  ADD COLUMN IF NOT EXISTS day_table_2 VARBINARY(42) NULL COMMENT 'likewise',
  ADD COLUMN IF NOT EXISTS tables_read_at DATETIME(3) NULL COMMENT 'when a part of them was last read';
