-- What a paper proves: a row for each act that refers to one. Whoever may see the act may see its paper. Re-runnable.
CREATE TABLE IF NOT EXISTS document_use (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  document_id  BIGINT NOT NULL,
  object_kind  ENUM('approval','adjustment','swap') NOT NULL,
  object_id    BIGINT NOT NULL,
  account_id   BIGINT NULL COMMENT 'in whose papers it is listed',
  created_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  UNIQUE KEY document_use_once (document_id, object_kind, object_id),
  KEY document_use_account (account_id, document_id),
  KEY document_use_object (object_kind, object_id),
  CONSTRAINT document_use_document FOREIGN KEY (document_id) REFERENCES document (id),
  CONSTRAINT document_use_account FOREIGN KEY (account_id) REFERENCES account (id)
) ENGINE=InnoDB;

INSERT IGNORE INTO document_use (document_id, object_kind, object_id, account_id)
  SELECT d.id, 'adjustment', a.id, a.account_id FROM adjustment a JOIN document d ON d.sha256 = a.evidence_sha256;
INSERT IGNORE INTO document_use (document_id, object_kind, object_id, account_id)
  SELECT d.id, 'swap', w.id, w.account_id FROM meter_swap w JOIN document d ON d.sha256 = w.evidence_sha256;
INSERT IGNORE INTO document_use (document_id, object_kind, object_id, account_id)
  SELECT d.id, 'approval', p.id, s.account_id FROM approval p JOIN document d ON d.sha256 = UNHEX(JSON_VALUE(p.payload, '$.evidence_sha256'))
  LEFT JOIN account_supply s ON s.live_supply = JSON_VALUE(p.payload, '$.supply_id');
