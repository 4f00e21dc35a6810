-- zh: 没有付款的购电没有下发记录；平台计费的购电也没有（除非改为平台计费时撤销了）。
-- en: A purchase that is not paid, or is credited on the platform, has no delivery but a cancelled one.
SELECT b.id AS purchase_id FROM purchase b JOIN delivery d ON d.purchase_id = b.id
WHERE b.state IN ('open','cancelled') OR (b.mode = 'platform' AND d.state <> 'cancelled');
