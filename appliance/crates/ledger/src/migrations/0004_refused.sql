-- Refused callers with the configuration lines that would admit them, as they were when it happened.
ALTER TABLE refused_callers ADD COLUMN config TEXT NOT NULL DEFAULT '';
