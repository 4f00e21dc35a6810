-- zh: 每个保电都来自本供电点的保电指令。
-- en: Every keep-on comes from a keep-on order of its supply.
SELECT CONCAT('keep-on ', k.id) FROM keep_on k JOIN command c ON c.id = k.command_id WHERE c.kind <> 'keep_on'
  OR c.supply_id <> k.supply_id;
