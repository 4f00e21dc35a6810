-- zh: 同一总线上在用仪表的地址不重复。
-- en: Two meters in service never share an address on a line.
SELECT CONCAT('line ', line_id, ' address ', address) FROM meter WHERE state = 'in_service' GROUP BY line_id,
  address HAVING COUNT(*) > 1;
