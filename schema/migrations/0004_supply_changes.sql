-- When anything that people decide about a supply last changed: an order, a lock-out, a keep-on, a freeze, an import.
-- orders_version is raised by whoever takes the supply's row lock, so that a transaction which looked before it waited
-- is told so (error 1020, innodb_snapshot_isolation) and runs again instead of deciding on what it saw.
ALTER TABLE supply
  ADD COLUMN IF NOT EXISTS orders_version BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS changed_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)
    COMMENT 'orders changes for the since cursors',
  ADD KEY IF NOT EXISTS supply_changed (changed_at);
