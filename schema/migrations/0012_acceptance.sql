-- A third question to the field: the recorded acceptance run of a model on one meter (paywattctl model accept).
ALTER TABLE field_request MODIFY kind ENUM('probe','model_test','acceptance') NOT NULL;
