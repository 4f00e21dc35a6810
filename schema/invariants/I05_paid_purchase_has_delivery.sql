-- zh: 仪表计费的购电一旦付款，就恰好有一条下发记录，金额、供电点、表计周期都与购电相同。
-- en: A paid purchase in meter mode has exactly one delivery, with the purchase's amount, supply and epoch.
SELECT b.id AS purchase_id FROM purchase b LEFT JOIN delivery d
  ON d.purchase_id = b.id AND d.amount_fen = b.amount_fen AND d.supply_id = b.supply_id AND d.epoch = b.epoch
WHERE b.mode = 'meter' AND b.state NOT IN ('open','cancelled')
GROUP BY b.id HAVING COUNT(d.id) <> 1;
