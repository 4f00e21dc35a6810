-- zh: 已销户的户没有供电点、联系人，没有未付的购电，没有在途的下发、退款和清退。
-- en: An account that was closed has no supply, no contact, no open purchase, and no delivery, refund or adjustment on its way.
SELECT c.id AS account_close_id, x.what, x.id AS object_id FROM account_close c JOIN (
  SELECT o.account_id, 'supply' AS what, o.supply_id AS id FROM account_supply o WHERE o.until_at IS NULL
  UNION ALL SELECT account_id, 'contact', id FROM contact WHERE ended_at IS NULL
  UNION ALL SELECT account_id, 'purchase', id FROM purchase WHERE state IN ('open','paid')
  UNION ALL SELECT b.account_id, 'delivery', d.id FROM delivery d JOIN purchase b ON b.id = d.purchase_id
    WHERE d.state NOT IN ('confirmed','fenced','cancelled')
  UNION ALL SELECT account_id, 'adjustment', id FROM adjustment WHERE state IN ('asked','approved','writing','manual')
  UNION ALL SELECT b.account_id, 'refund', r.id FROM refund r JOIN payment p ON p.id = r.payment_id
    JOIN purchase b ON b.id = p.purchase_id WHERE r.state IN ('asked','approved','submitted','failed') AND p.disposition <> 'suspense'
  UNION ALL SELECT id, 'state', id FROM account WHERE state <> 'closed') x ON x.account_id = c.account_id
WHERE c.state = 'closed';
