-- Papers: photos and PDF files that prove a refund, a correction, a typed reading, a closing. Rows, not files: they are in every backup and in the
-- binlogs, of one moment with what refers to them, and the programs' users may add but never change or remove one. In parts, so that no
-- statement comes near the largest packet. Re-runnable.
CREATE TABLE IF NOT EXISTS document (
  id           BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  sha256       BINARY(32) NOT NULL UNIQUE COMMENT 'of the whole file; how others refer to it',
  kind         ENUM('jpeg','png','pdf') NOT NULL COMMENT 'by its bytes, never by its name',
  bytes_total  INT NOT NULL,
  file_name    VARCHAR(120) NOT NULL DEFAULT '',
  uploaded_by  BIGINT NULL,
  created_at   DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY document_uploaded (uploaded_by, id),
  CONSTRAINT document_uploaded_by FOREIGN KEY (uploaded_by) REFERENCES user (id),
  CONSTRAINT document_size CHECK (bytes_total BETWEEN 1 AND 8388608)
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS document_part (
  document_id  BIGINT NOT NULL,
  position     INT NOT NULL,
  content      MEDIUMBLOB NOT NULL,
  PRIMARY KEY (document_id, position),
  CONSTRAINT document_part_document FOREIGN KEY (document_id) REFERENCES document (id)
) ENGINE=InnoDB;
