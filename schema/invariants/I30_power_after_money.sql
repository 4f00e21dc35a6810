-- zh: 复电时间只属于已入表或已入账的购电，不早于收款；由人确认的必有时间。
-- en: Only a purchase in the meter or on the account has a time of power, never before it was paid; who said so said when.
SELECT id AS purchase_id FROM purchase
WHERE (power_at IS NOT NULL AND (state IN ('open','paid','cancelled') OR power_at < paid_at))
  OR (power_by IS NOT NULL AND power_at IS NULL);
