-- zh: 没有人复核自己提交的事项。
-- en: Nobody approves what he asked for.
SELECT CONCAT('approval ', id) FROM approval WHERE state = 'approved' AND (checker_id IS NULL OR checker_id =
  maker_id);
