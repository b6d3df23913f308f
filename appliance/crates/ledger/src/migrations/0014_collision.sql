-- One SOP Instance UID in two studies, or about two patients: nothing takes anything's place, and a person looks at what
-- each archive made of it. Undo brings a hold back.

-- 1: another instance of this UID is, or was, in another study, or in another series about another patient.
ALTER TABLE instances ADD COLUMN collides INTEGER NOT NULL DEFAULT 0;
CREATE INDEX instances_by_uid ON instances (sop_instance_index, study, collides);
CREATE INDEX instances_colliding ON instances (study) WHERE collides <> 0;

-- Destinations that several instances of one UID go to: an archive may keep one of them only, whatever it answered.
CREATE TABLE collisions (
    sop_instance_index TEXT NOT NULL, -- of instances
    destination        TEXT NOT NULL, -- the rule's name
    found_at           INTEGER NOT NULL,
    checked_by         TEXT, -- who looked at the archive; empty again with every answer of the archive after that
    checked_at         INTEGER,
    PRIMARY KEY (sop_instance_index, destination)
) STRICT, WITHOUT ROWID;
CREATE INDEX collisions_open ON collisions (sop_instance_index) WHERE checked_at IS NULL;

-- Until this version the place of an instance was decided without its study. What counted for nothing because of another
-- study counts again, and goes on to where it was not sent; answers that were given without it are given anew.
UPDATE instances SET collides = 1 WHERE sop_instance_index IN
    (SELECT sop_instance_index FROM instances WHERE sop_instance_index IS NOT NULL
     GROUP BY 1 HAVING count(DISTINCT study) > 1);
CREATE TABLE displaced AS
    SELECT id, study FROM instances i WHERE collides = 1 AND evicted_at IS NULL AND (conflict = 1 AND NOT EXISTS
        (SELECT 1 FROM instances o WHERE o.study = i.study AND o.sop_instance_index = i.sop_instance_index
         AND (o.arrived, o.id) < (i.arrived, i.id))
    OR replaced_at IS NOT NULL AND NOT EXISTS
        (SELECT 1 FROM instances o WHERE o.study = i.study AND o.sop_instance_index = i.sop_instance_index
         AND o.id <> i.id AND (o.arrived, o.id) > (i.arrived, i.id)));
UPDATE instances SET conflict = 0, replaced_at = NULL WHERE id IN (SELECT id FROM displaced);
UPDATE forwards SET state = 'waiting', attempts = 0, next_attempt = 0, fault = NULL, done_at = NULL
    WHERE state = 'replaced' AND instance IN (SELECT id FROM displaced);
UPDATE instances SET revision = 0 WHERE id IN (SELECT d.id FROM displaced d JOIN studies s ON s.id = d.study
    JOIN dispositions p ON p.study = s.id AND p.revision = s.revision);
DROP TABLE displaced;
INSERT INTO collisions (sop_instance_index, destination, found_at)
    SELECT i.sop_instance_index, f.destination, max(i.arrived) FROM instances i JOIN forwards f ON f.instance = i.id
    WHERE i.collides = 1 AND f.state <> 'replaced' GROUP BY 1, 2 HAVING count(DISTINCT i.study) > 1;

-- `before` of a case: the states that persons' moves began from and that can be taken back, oldest first, a blank between
-- them. What was undone until this version lost its hold: a person releases it once more.
UPDATE cases SET state = 'held', before = NULL, leaves_at = NULL
    WHERE (state = 'review' OR state = 'leaving' AND before IN ('review', 'waiting', 'not-sent'))
    AND EXISTS (SELECT 1 FROM dispositions d WHERE d.study = cases.study AND d.revision = cases.revision AND d.holds <> '[]');
