-- Orders of a day, for the overview: without it the whole table is read.
ALTER TABLE command ADD KEY IF NOT EXISTS command_requested (requested_at);
