-- Identifying columns hold sealed text from here on (see columns.rs); what was plain is sealed right after this
-- migration, by the program, because the database has no key. Columns stay what they are, so that other
-- migrations find them; looking up goes through keyed indexes.

ALTER TABLE studies ADD COLUMN uid_index TEXT;
CREATE UNIQUE INDEX studies_by_uid ON studies (uid_index);

ALTER TABLE instances ADD COLUMN sop_instance_index TEXT;
DROP INDEX instances_once;
-- When the bytes were removed from disk; the row stays. The same bytes may come again then.
ALTER TABLE instances ADD COLUMN evicted_at INTEGER;
CREATE UNIQUE INDEX instances_once ON instances (sop_instance_index, blake3) WHERE evicted_at IS NULL;

ALTER TABLE refused_callers ADD COLUMN caller_index TEXT;
CREATE UNIQUE INDEX refused_once ON refused_callers (caller_index, reason);
