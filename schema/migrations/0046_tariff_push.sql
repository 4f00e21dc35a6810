-- Pushes that a tariff makes by itself: an agreed version, or a supply's new assignment, goes into its meters at its moment. And the
-- push that switches fee control off in a meter that was opened in platform mode. Re-runnable.
ALTER TABLE push_batch ADD COLUMN IF NOT EXISTS tariff_id BIGINT NULL COMMENT 'whose prices it brings by itself; NULL: a person asked' AFTER approval_id;
ALTER TABLE push_batch ADD FOREIGN KEY IF NOT EXISTS push_batch_tariff (tariff_id) REFERENCES tariff (id);

ALTER TABLE platform_span ADD COLUMN IF NOT EXISTS fee_push_id BIGINT NULL COMMENT 'switches fee control off where the span began without a change of mode' AFTER mode_change_id;
ALTER TABLE platform_span ADD FOREIGN KEY IF NOT EXISTS platform_span_fee_push (fee_push_id) REFERENCES push (id);
