-- zh: 有用户时至少有一个可登录的管理员。
-- en: There is an administrator who can log in, once there are users.
SELECT 'no active administrator' FROM (SELECT COUNT(*) AS users, SUM(u.state = 'active' AND r.code =
  'administrator') AS administrators FROM user u JOIN role r ON r.id = u.role_id) n WHERE n.users > 0 AND
  n.administrators = 0;
