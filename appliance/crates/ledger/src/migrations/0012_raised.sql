-- When a person first raised the study to STAT, ms: nothing but a person lowers that.
ALTER TABLE studies ADD COLUMN raised_at INTEGER;
-- 1: physicians' reads withdrew no-flag, and no person has restored it since.
ALTER TABLE watches ADD COLUMN by_reads INTEGER NOT NULL DEFAULT 0;
UPDATE watches SET by_reads = 1 WHERE why LIKE '%physicians found%';
