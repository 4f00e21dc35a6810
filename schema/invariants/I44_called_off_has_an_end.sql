-- zh: 下发被撤销或作废后，购电不会停在“已付款”：要么由一笔可退的付款接着处理，要么已经有了去处。
-- en: No purchase stays paid behind a cancelled or fenced delivery, unless a payment of it is there to be refunded.
SELECT b.id AS purchase_id, b.origin, d.state FROM purchase b JOIN delivery d ON d.purchase_id = b.id AND d.state IN ('cancelled','fenced')
WHERE b.state = 'paid' AND NOT (b.origin IN ('payment','suspense')
  AND EXISTS (SELECT 1 FROM payment p WHERE p.purchase_id = b.id AND p.state = 'settled' AND p.disposition = 'pending'));
