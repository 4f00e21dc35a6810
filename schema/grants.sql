-- Database users and their rights; run by `paywattctl migrate --root-socket-user root` after the migrations.
-- The names in braces (prefix, database, password of a role) are filled in. Rules:
--   * a program gets what its statements need and nothing more; a new table needs its lines here
--   * nobody has UPDATE or DELETE on audit, audit_chain, audit_seal: they only grow
--   * GRANT adds; to take a right away, delete its line here and put a REVOKE into a new migration run as root
-- schema/README.md shows the same as a table.

CREATE USER IF NOT EXISTS {prefix}staff@localhost, {prefix}tenant@localhost, {prefix}notify@localhost,
  {prefix}machine@localhost, {prefix}poller@localhost, {prefix}jobs@localhost, {prefix}ctl@localhost,
  {prefix}backup@localhost, {prefix}migrate@localhost;
ALTER USER {prefix}staff@localhost IDENTIFIED BY {password:staff};
ALTER USER {prefix}tenant@localhost IDENTIFIED BY {password:tenant};
ALTER USER {prefix}notify@localhost IDENTIFIED BY {password:notify};
ALTER USER {prefix}machine@localhost IDENTIFIED BY {password:machine};
ALTER USER {prefix}poller@localhost IDENTIFIED BY {password:poller};
ALTER USER {prefix}jobs@localhost IDENTIFIED BY {password:jobs};
ALTER USER {prefix}ctl@localhost IDENTIFIED BY {password:ctl};
ALTER USER {prefix}backup@localhost IDENTIFIED BY {password:backup};
ALTER USER {prefix}migrate@localhost IDENTIFIED BY {password:migrate};

-- staff: the portal. Sees all; gives orders, approves, manages users, imports.
GRANT SELECT ON {database}.* TO {prefix}staff@localhost;
GRANT INSERT ON {database}.audit TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.command TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.approval TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.lock_out TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.keep_on TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.alarm TO {prefix}staff@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.idempotency TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.user TO {prefix}staff@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.user_recovery_code TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.site_setting TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.field_request TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.import TO {prefix}staff@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.import_row TO {prefix}staff@localhost;

-- the park itself: changed by an import and its undo, from the portal or the command line
GRANT INSERT, UPDATE, DELETE ON {database}.site TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.building TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.floor TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.unit TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.room TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.gateway TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.line TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.meter TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.supply TO {prefix}staff@localhost, {prefix}ctl@localhost;
-- what the poller said about a meter or line that an undo removes
GRANT DELETE ON {database}.meter_state TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT DELETE ON {database}.meter_parameter TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT DELETE ON {database}.meter_health TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT DELETE ON {database}.line_state TO {prefix}staff@localhost, {prefix}ctl@localhost;
GRANT DELETE ON {database}.line_history TO {prefix}staff@localhost, {prefix}ctl@localhost;

-- money: nobody has UPDATE or DELETE on transfer, ledger_account and payment_event: they only grow
GRANT INSERT, UPDATE ON {database}.account TO {prefix}staff@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.contact TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.account_supply TO {prefix}staff@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.supply_epoch TO {prefix}staff@localhost; -- an undone take-over; keys hold what was used
GRANT INSERT, UPDATE ON {database}.take_over TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.take_over_row TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.tariff TO {prefix}staff@localhost;
GRANT INSERT ON {database}.tariff_version TO {prefix}staff@localhost;
GRANT INSERT ON {database}.supply_tariff TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.purchase TO {prefix}staff@localhost, {prefix}tenant@localhost, {prefix}notify@localhost,
  {prefix}jobs@localhost, {prefix}poller@localhost;
GRANT INSERT, UPDATE ON {database}.payment TO {prefix}staff@localhost, {prefix}tenant@localhost, {prefix}notify@localhost,
  {prefix}jobs@localhost, {prefix}poller@localhost;
GRANT INSERT ON {database}.payment_event TO {prefix}staff@localhost, {prefix}notify@localhost, {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.delivery TO {prefix}staff@localhost, {prefix}notify@localhost, {prefix}jobs@localhost,
  {prefix}poller@localhost;
GRANT INSERT, UPDATE ON {database}.adjustment TO {prefix}staff@localhost, {prefix}jobs@localhost, {prefix}poller@localhost;
GRANT INSERT, UPDATE ON {database}.refund TO {prefix}staff@localhost, {prefix}notify@localhost, {prefix}jobs@localhost;
GRANT INSERT ON {database}.ledger_account TO {prefix}staff@localhost, {prefix}notify@localhost, {prefix}jobs@localhost,
  {prefix}poller@localhost;
GRANT INSERT ON {database}.transfer TO {prefix}staff@localhost, {prefix}notify@localhost, {prefix}jobs@localhost,
  {prefix}poller@localhost;
GRANT SELECT ON {database}.account TO {prefix}tenant@localhost, {prefix}notify@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.contact TO {prefix}tenant@localhost, {prefix}notify@localhost;
GRANT SELECT ON {database}.account_supply TO {prefix}tenant@localhost, {prefix}notify@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.supply_epoch TO {prefix}tenant@localhost, {prefix}notify@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.tariff TO {prefix}tenant@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.tariff_version TO {prefix}tenant@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.supply_tariff TO {prefix}tenant@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.purchase TO {prefix}tenant@localhost, {prefix}notify@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.payment TO {prefix}tenant@localhost, {prefix}notify@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.payment_event TO {prefix}notify@localhost;
GRANT SELECT ON {database}.delivery TO {prefix}tenant@localhost, {prefix}notify@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.adjustment TO {prefix}poller@localhost;
GRANT SELECT ON {database}.refund TO {prefix}tenant@localhost, {prefix}notify@localhost;
GRANT SELECT ON {database}.ledger_account TO {prefix}tenant@localhost, {prefix}notify@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.transfer TO {prefix}tenant@localhost, {prefix}notify@localhost, {prefix}poller@localhost;

-- platform mode: jobs charges; the poller's last charge goes with the money into the meter
GRANT INSERT, UPDATE ON {database}.mode_change TO {prefix}staff@localhost, {prefix}jobs@localhost, {prefix}poller@localhost;
GRANT INSERT, UPDATE ON {database}.platform_span TO {prefix}jobs@localhost, {prefix}poller@localhost;
GRANT INSERT ON {database}.charge TO {prefix}jobs@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.mode_change TO {prefix}poller@localhost, {prefix}notify@localhost, {prefix}tenant@localhost;
GRANT SELECT ON {database}.platform_span TO {prefix}poller@localhost, {prefix}tenant@localhost;
GRANT SELECT ON {database}.charge TO {prefix}poller@localhost, {prefix}tenant@localhost;
GRANT INSERT, UPDATE ON {database}.push_batch TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.push TO {prefix}jobs@localhost;
-- closing an account: asked for by staff, settled by jobs; whoever sells or settles a payment looks whether one is under way
GRANT INSERT, UPDATE ON {database}.account_close TO {prefix}staff@localhost;
GRANT UPDATE ON {database}.account_close TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.account_close_supply TO {prefix}staff@localhost;
GRANT UPDATE ON {database}.account_close_supply TO {prefix}jobs@localhost;
GRANT SELECT (id, account_id, state, open_account) ON {database}.account_close TO {prefix}tenant@localhost, {prefix}notify@localhost;
GRANT UPDATE ON {database}.account TO {prefix}jobs@localhost;
GRANT UPDATE ON {database}.account_supply TO {prefix}jobs@localhost;
GRANT UPDATE ON {database}.contact TO {prefix}jobs@localhost;
GRANT UPDATE ON {database}.unit TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.meter_swap TO {prefix}staff@localhost;
GRANT SELECT, UPDATE ON {database}.meter_swap TO {prefix}poller@localhost;
GRANT UPDATE ON {database}.meter_swap TO {prefix}jobs@localhost;
GRANT INSERT ON {database}.push_batch TO {prefix}poller@localhost;
GRANT INSERT, UPDATE ON {database}.returned_money TO {prefix}staff@localhost;
GRANT SELECT, INSERT ON {database}.returned_money TO {prefix}poller@localhost;
GRANT UPDATE ON {database}.returned_money TO {prefix}jobs@localhost;
GRANT SELECT, UPDATE ON {database}.returned_money TO {prefix}notify@localhost; -- a notice of a refund that a restored database forgot

GRANT INSERT, UPDATE ON {database}.push_batch TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.push TO {prefix}staff@localhost, {prefix}poller@localhost;
GRANT SELECT ON {database}.push_batch TO {prefix}poller@localhost;
GRANT SELECT ON {database}.push TO {prefix}poller@localhost;

-- the daily proof: nobody has UPDATE or DELETE on proof and proof_line either
GRANT INSERT ON {database}.proof TO {prefix}jobs@localhost;
GRANT INSERT ON {database}.proof_line TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.proof_state TO {prefix}jobs@localhost;

-- notify: settles under the supply's row lock, tells and records
GRANT SELECT ON {database}.supply TO {prefix}notify@localhost;
GRANT UPDATE (orders_version, changed_at) ON {database}.supply TO {prefix}notify@localhost;
GRANT SELECT ON {database}.meter TO {prefix}notify@localhost;
GRANT SELECT ON {database}.line TO {prefix}notify@localhost;
GRANT SELECT ON {database}.site_setting TO {prefix}notify@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.alarm TO {prefix}notify@localhost;
GRANT INSERT ON {database}.audit TO {prefix}notify@localhost;

-- tenant: the phone site. Sees its own through the park's tables, logs in by codes, orders purchases.
GRANT INSERT, UPDATE ON {database}.tenant_user TO {prefix}tenant@localhost, {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.tenant_binding TO {prefix}tenant@localhost, {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.tenant_code TO {prefix}tenant@localhost;
GRANT INSERT ON {database}.binding_code TO {prefix}staff@localhost;
GRANT UPDATE ON {database}.binding_code TO {prefix}tenant@localhost;
GRANT INSERT, UPDATE ON {database}.pay_sticker TO {prefix}staff@localhost;
GRANT INSERT, UPDATE ON {database}.supply_alert TO {prefix}tenant@localhost;
GRANT INSERT ON {database}.message TO {prefix}tenant@localhost, {prefix}staff@localhost, {prefix}jobs@localhost;
GRANT UPDATE (read_at) ON {database}.message TO {prefix}tenant@localhost;
GRANT UPDATE ON {database}.message TO {prefix}jobs@localhost;
GRANT UPDATE (phone_site) ON {database}.contact TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.tenant_user TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.tenant_binding TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.tenant_code TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.binding_code TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.pay_sticker TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.supply_alert TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.message TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.unit TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.floor TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.supply TO {prefix}tenant@localhost;
GRANT UPDATE (orders_version, changed_at) ON {database}.supply TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.meter TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.model TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.line TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.gateway TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.meter_state TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.meter_parameter TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.reading TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.charge TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.proof TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.lock_out TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.keep_on TO {prefix}tenant@localhost;
GRANT SELECT ON {database}.site_setting TO {prefix}tenant@localhost;
GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.idempotency TO {prefix}tenant@localhost;
GRANT INSERT ON {database}.audit TO {prefix}tenant@localhost;

GRANT SELECT, INSERT, UPDATE, DELETE ON {database}.pay_channel TO {prefix}jobs@localhost;
GRANT SELECT ON {database}.pay_channel TO {prefix}tenant@localhost, {prefix}notify@localhost;
GRANT SELECT ON {database}.meter_health TO {prefix}tenant@localhost;

-- tenant, notify: the site's name
GRANT SELECT ON {database}.site TO {prefix}tenant@localhost, {prefix}notify@localhost;

-- machine: reads the park and its last values, changes nothing
GRANT SELECT ON {database}.site TO {prefix}machine@localhost;
GRANT SELECT ON {database}.building TO {prefix}machine@localhost;
GRANT SELECT ON {database}.floor TO {prefix}machine@localhost;
GRANT SELECT ON {database}.unit TO {prefix}machine@localhost;
GRANT SELECT ON {database}.room TO {prefix}machine@localhost;
GRANT SELECT ON {database}.gateway TO {prefix}machine@localhost;
GRANT SELECT ON {database}.line TO {prefix}machine@localhost;
GRANT SELECT ON {database}.line_state TO {prefix}machine@localhost;
GRANT SELECT ON {database}.model TO {prefix}machine@localhost;
GRANT SELECT ON {database}.meter TO {prefix}machine@localhost;
GRANT SELECT ON {database}.supply TO {prefix}machine@localhost;
GRANT SELECT ON {database}.meter_state TO {prefix}machine@localhost;
GRANT SELECT ON {database}.reading TO {prefix}machine@localhost;
GRANT SELECT ON {database}.program_heartbeat TO {prefix}machine@localhost;
-- /healthz: how long audit rows wait for their chain; not what they say
GRANT SELECT (name, state, checked_at) ON {database}.invariant_result TO {prefix}machine@localhost;
GRANT SELECT (state, started_at) ON {database}.backup_run TO {prefix}machine@localhost;
GRANT SELECT (id, at) ON {database}.audit TO {prefix}machine@localhost;
GRANT SELECT (position, audit_id, chained_at) ON {database}.audit_chain TO {prefix}machine@localhost;

-- poller: reads the park, stores what meters say, carries orders out
GRANT SELECT ON {database}.site TO {prefix}poller@localhost;
GRANT SELECT ON {database}.site_setting TO {prefix}poller@localhost;
GRANT SELECT ON {database}.unit TO {prefix}poller@localhost;
GRANT SELECT ON {database}.room TO {prefix}poller@localhost;
GRANT SELECT ON {database}.gateway TO {prefix}poller@localhost;
GRANT SELECT ON {database}.line TO {prefix}poller@localhost;
GRANT SELECT ON {database}.model TO {prefix}poller@localhost;
GRANT SELECT ON {database}.meter TO {prefix}poller@localhost;
GRANT SELECT, UPDATE ON {database}.supply TO {prefix}poller@localhost;
GRANT SELECT ON {database}.approval TO {prefix}poller@localhost;
GRANT SELECT, UPDATE ON {database}.lock_out TO {prefix}poller@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.command TO {prefix}poller@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.keep_on TO {prefix}poller@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.meter_state TO {prefix}poller@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.meter_parameter TO {prefix}poller@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.meter_health TO {prefix}poller@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.line_state TO {prefix}poller@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.line_history TO {prefix}poller@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.program_heartbeat TO {prefix}poller@localhost;
GRANT SELECT, INSERT ON {database}.reading TO {prefix}poller@localhost;
GRANT SELECT, INSERT, UPDATE ON {database}.alarm TO {prefix}poller@localhost;
GRANT SELECT, UPDATE ON {database}.field_request TO {prefix}poller@localhost;
GRANT SELECT ON {database}.user TO {prefix}poller@localhost;
GRANT INSERT ON {database}.audit TO {prefix}poller@localhost;

-- jobs: ends what is over, chains the audit rows, keeps the partitions of reading
GRANT SELECT ON {database}.* TO {prefix}jobs@localhost;
GRANT INSERT ON {database}.audit TO {prefix}jobs@localhost;
GRANT INSERT ON {database}.audit_chain TO {prefix}jobs@localhost;
GRANT INSERT ON {database}.audit_seal TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.command TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.approval TO {prefix}jobs@localhost;
GRANT UPDATE ON {database}.keep_on TO {prefix}jobs@localhost;
GRANT UPDATE ON {database}.lock_out TO {prefix}jobs@localhost;
GRANT UPDATE ON {database}.supply TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.alarm TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.program_heartbeat TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE ON {database}.site_setting TO {prefix}jobs@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.invariant_result TO {prefix}jobs@localhost;
GRANT DELETE ON {database}.idempotency TO {prefix}jobs@localhost;
GRANT UPDATE, DELETE ON {database}.field_request TO {prefix}jobs@localhost;
GRANT UPDATE ON {database}.import TO {prefix}jobs@localhost;
GRANT UPDATE ON {database}.import_row TO {prefix}jobs@localhost;
GRANT DELETE ON {database}.line_history TO {prefix}jobs@localhost;
GRANT INSERT, ALTER, CREATE, DROP ON {database}.reading TO {prefix}jobs@localhost;

-- backups: kept by jobs each night, and by the operator
GRANT INSERT, UPDATE ON {database}.backup_run TO {prefix}jobs@localhost, {prefix}ctl@localhost;
-- after a restore: a supply is looked at before anything is delivered to it
GRANT UPDATE ON {database}.restore_check TO {prefix}jobs@localhost;
GRANT SELECT ON {database}.restore_check TO {prefix}poller@localhost;
GRANT SELECT ON {database}.restore_run TO {prefix}poller@localhost;

-- papers: added, never changed
GRANT INSERT ON {database}.document TO {prefix}staff@localhost;
GRANT INSERT ON {database}.document_part TO {prefix}staff@localhost;
GRANT INSERT ON {database}.document_use TO {prefix}staff@localhost;
-- a day of the proof that nothing explains: somebody says what it was
GRANT INSERT ON {database}.proof_review TO {prefix}staff@localhost;

-- ctl: the operator on the machine
GRANT SELECT ON {database}.* TO {prefix}ctl@localhost;
GRANT INSERT ON {database}.audit TO {prefix}ctl@localhost;
GRANT INSERT, UPDATE ON {database}.user TO {prefix}ctl@localhost;
GRANT DELETE ON {database}.user_recovery_code TO {prefix}ctl@localhost;
GRANT INSERT, UPDATE ON {database}.site_setting TO {prefix}ctl@localhost;
GRANT INSERT, UPDATE ON {database}.model TO {prefix}ctl@localhost, {prefix}migrate@localhost;
GRANT INSERT, UPDATE ON {database}.field_request TO {prefix}ctl@localhost;
GRANT INSERT, UPDATE ON {database}.import TO {prefix}ctl@localhost;
GRANT INSERT, UPDATE, DELETE ON {database}.import_row TO {prefix}ctl@localhost;
GRANT UPDATE ON {database}.alarm TO {prefix}ctl@localhost;

-- backup: reads everything, with the binlog's position
GRANT SELECT, LOCK TABLES, SHOW VIEW, EVENT, TRIGGER ON {database}.* TO {prefix}backup@localhost;
GRANT RELOAD, BINLOG MONITOR ON *.* TO {prefix}backup@localhost;

-- migrate: makes and changes tables, never their rows (data changes of a migration are named here, or run as root)
GRANT SELECT, INSERT, CREATE, ALTER, DROP, INDEX, REFERENCES ON {database}.* TO {prefix}migrate@localhost;
