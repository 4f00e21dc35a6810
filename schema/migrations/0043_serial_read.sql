-- When the serial number itself was read last: read_at moves with any slow block, so a freeze could be ended on an old serial number. Re-runnable.
ALTER TABLE meter_parameter ADD COLUMN IF NOT EXISTS serial_read_at DATETIME(3) NULL COMMENT 'of serial_number' AFTER serial_number;
