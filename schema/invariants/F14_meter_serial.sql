-- zh: 一个表号只属于一块在用仪表。
-- en: A serial number belongs to one meter in service.
SELECT CONCAT('serial number ', serial_number) FROM meter WHERE state = 'in_service' AND serial_number <> ''
  GROUP BY serial_number HAVING COUNT(*) > 1;
