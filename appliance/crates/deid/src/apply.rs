//! Applies the rules to every element at every level.
use super::account::Account;
use super::context::StudyContext;
use super::dummy::{dummy, empty};
use super::keys::Keys;
use super::person::Person;
use super::policy::Policy;
use super::reidentification_map::ReidentificationMap;
use super::rule::{self, Place};
use super::step::Step;
use super::terms::{ActionCode, Actions, OptionSet, RemovedValue, Rule};
use super::text::{UTF_8, beyond_ascii, effective_vr, shown};
use super::value_check::{self, Kept};
use super::{date, hold, kept, mark, private};
use dicom::{
    Charset, DataSet, Element, FileMeta, IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, Tag, Value,
    Vr, tags,
};

/// An element where it stands, and the rule that holds for it.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s> {
    pub level: &'s DataSet,
    pub element: &'s Element,
    pub vr: Vr,
    pub place: Place,
    pub rule: Rule,
}

impl Subject<'_> {
    pub(super) fn tag(&self) -> Tag {
        self.element.tag
    }

    /// The least that its type allows.
    pub(super) fn least(&self) -> ActionCode {
        rule::by_type(self.place.type_of(self.tag()))
    }

    /// The least of an attribute that the table does not name. Of those inside sequences no type is known: text is
    /// replaced, for the macro around it may need it.
    pub(super) fn least_of_unlisted(&self) -> ActionCode {
        let text = matches!(self.vr, Vr::LO | Vr::SH | Vr::ST | Vr::LT | Vr::UC | Vr::UT);
        match self.least() {
            ActionCode::X if text && !self.place.is_top() && self.rule == Rule::NotInTable => ActionCode::D,
            least => least,
        }
    }

    /// What the Basic Profile says, where an option's cleaning left nothing.
    pub(super) fn basic(&self) -> ActionCode {
        let kind = self.place.type_of(self.tag());
        let action = rule::row(self.tag()).map_or(rule::by_type(kind), |row| rule::resolve(row.basic, kind));
        if action == ActionCode::C { rule::by_type(kind) } else { action }
    }
}

/// The work on one instance.
pub(super) struct Transformer<'a> {
    pub(super) context: &'a StudyContext,
    pub(super) policy: &'a Policy,
    pub(super) keys: &'a Keys,
    /// Our own output: its dates were shifted before.
    pub(super) own: bool,
    place: Place,
    /// References to other images stay, with replaced UIDs.
    references: bool,
    /// Whose instance it is.
    person: Person,
    /// What the patient's pseudonym and date offset are made of.
    pub(super) patient: String,
    /// The patient's pseudonym.
    pub(super) pseudonym: String,
    /// The instance itself.
    data: &'a DataSet,
    /// What its pseudonyms replaced.
    pub(super) reidentification: ReidentificationMap,
    /// SOP class and instance of the file meta: what the data set forgot to say.
    meta: (Option<String>, Option<String>),
    year: Option<i64>,
    pub(super) account: Account<'a>,
    /// The sequences around the element in hand.
    path: Vec<Tag>,
    /// Every action in order, when `explain` asks for them.
    pub(super) trail: Option<Vec<Step>>,
}

impl<'a> Transformer<'a> {
    pub(super) fn new(
        data: &'a DataSet,
        meta: &FileMeta,
        context: &'a StudyContext,
        policy: &'a Policy,
        keys: &'a Keys,
        own: bool,
    ) -> Self {
        let class = data.uid(tags::SOP_CLASS_UID).or_else(|| meta.sop_class.clone()).unwrap_or_default();
        let person = context.patient(data);
        let patient = context.key(&person, data, keys);
        Transformer {
            context,
            policy,
            keys,
            own,
            place: Place::top(&class),
            references: policy.keep_references || hold::is_derived(&class),
            pseudonym: keys.patient(&patient),
            person,
            patient,
            data,
            reidentification: ReidentificationMap::default(),
            meta: (meta.sop_class.clone(), meta.sop_instance.clone()),
            year: context.first_day().map(|day| date::civil(day).0),
            account: Account::new(keys),
            path: Vec::new(),
            trail: None,
        }
    }

    /// Actions by count, removed values, sorted, and the re-identification map.
    pub(super) fn finish(self, header: &DataSet) -> (Actions, Vec<RemovedValue>, ReidentificationMap) {
        let (actions, removed) = self.account.finish(header);
        (actions, removed, self.reidentification)
    }

    /// The new data set of the top level.
    pub(super) fn data_set(&mut self, data: &DataSet) -> DataSet {
        let mut header = self.level(data, self.place);
        // Both are of type 1 in every IOD; where they stand in the file meta alone, they are taken from there.
        for (tag, uid) in [(tags::SOP_CLASS_UID, &self.meta.0), (tags::SOP_INSTANCE_UID, &self.meta.1)] {
            if let Some(uid) = uid.as_deref().filter(|uid| !uid.is_empty() && header.uid(tag).is_none()) {
                let kept = kept::is_public_uid(tag, uid) || self.policy.options.has(OptionSet::RETAIN_UIDS);
                let new = if kept { uid.to_owned() } else { self.keys.uid(uid) };
                self.reidentification.uid(&self.pseudonym, &new, uid);
                header.put_text(tag, Vr::UI, &new);
            }
        }
        if header.uid(tags::SOP_INSTANCE_UID).is_none() {
            // Of an instance without one: the same for the same content.
            let content = dicom::encode_data_set(&header).unwrap_or_default();
            let uid = self.keys.uid(blake3::hash(&content).to_hex().as_str());
            header.put_text(tags::SOP_INSTANCE_UID, Vr::UI, &uid);
        }
        // Patient ID is of type 2 in every IOD; a patient without one still gets the same pseudonym everywhere.
        header.put_text(tags::PATIENT_ID, Vr::LO, &self.pseudonym);
        if self.pseudonym != self.patient {
            let days = self.keys.date_offset(&self.patient);
            self.reidentification.patient(&self.pseudonym, data, header.uid(tags::STUDY_INSTANCE_UID), days);
        }
        if beyond_ascii(&header) {
            header.put_text(tags::SPECIFIC_CHARACTER_SET, Vr::CS, UTF_8);
        }
        if header.get(tags::PATIENT_AGE).is_none()
            && let Some(years) = self.age_from_birth(data)
        {
            header.put_text(tags::PATIENT_AGE, Vr::AS, &format!("{years:03}Y"));
        }
        header
    }

    /// Values of the file meta that are not written again.
    pub(super) fn note_meta(&mut self, meta: &FileMeta) {
        for element in meta.elements.iter().chain(&meta.elements.duplicates) {
            let bytes = element.as_bytes().unwrap_or_default().trim_ascii_end();
            let bytes = bytes.strip_suffix(&[0]).unwrap_or(bytes);
            // Every output names our own software.
            let ours = bytes == IMPLEMENTATION_CLASS_UID.as_bytes()
                || bytes == IMPLEMENTATION_VERSION_NAME.as_bytes();
            if element.vr.is_text() && !ours {
                self.account.note(&meta.elements, element, element.vr);
            }
        }
    }

    fn age_from_birth(&self, data: &DataSet) -> Option<u8> {
        if self.own {
            return None;
        }
        let birth = date::parse(&data.text(tags::PATIENT_BIRTH_DATE)?)?;
        date::years_between(birth, date::parse(&data.text(tags::STUDY_DATE)?)?)
    }

    /// One level; recursion is bounded by the reader's depth limit.
    fn level(&mut self, data: &DataSet, place: Place) -> DataSet {
        let mut out = DataSet::new();
        out.charset = Charset::from_value(UTF_8.as_bytes());
        for element in data.iter() {
            let at = self.trail.as_ref().map_or(0, Vec::len);
            let new = self.element(data, element, place);
            if let Some(step) = self.trail.as_mut().and_then(|trail| trail.get_mut(at)) {
                step.after = new.as_ref().and_then(|new| shown(&out, new));
            }
            if let Some(new) = new {
                out.put(new);
            }
        }
        for element in &data.duplicates {
            let vr = effective_vr(element);
            let subject = Subject { level: data, element, vr, place, rule: Rule::Duplicate };
            self.count(&subject, ActionCode::X);
            self.note(&subject);
        }
        out
    }

    fn element(&mut self, level: &DataSet, element: &Element, place: Place) -> Option<Element> {
        let tag = element.tag;
        if mark::is_mark(tag) {
            return None;
        }
        let vr = effective_vr(element);
        if tag == tags::SPECIFIC_CHARACTER_SET {
            return if place.is_top() { value_check::charset(element, self.policy) } else { None };
        }
        if tag.is_private()
            && self.policy.options.has(OptionSet::RETAIN_SAFE_PRIVATE)
            && let Some(kept) = private::safe(level, element, self.context, &self.policy.additions)
        {
            self.count(&Subject { level, element, vr, place, rule: Rule::Option }, ActionCode::K);
            return Some(kept);
        }
        let (action, rule) = kept::action(tag, vr, place, self.policy, self.references);
        let subject = Subject { level, element, vr, place, rule };
        match action {
            ActionCode::K if tag == tags::PATIENT_AGE => self.age(&subject),
            ActionCode::K => self.keep(&subject),
            ActionCode::C if vr == Vr::SQ => self.clean_sequence(&subject),
            ActionCode::C if vr.is_text() && !matches!(vr, Vr::DA | Vr::DT | Vr::TM) => {
                self.clean_text(&subject)
            }
            ActionCode::C => self.clean_date(&subject),
            ActionCode::U => self.map_uids(&subject),
            ActionCode::X | ActionCode::Z | ActionCode::D => self.take_out(&subject, action),
        }
    }

    /// Keeps a value if it may be kept; otherwise as little of it as the type allows.
    fn keep(&mut self, subject: &Subject<'_>) -> Option<Element> {
        let Subject { level, element, vr, place, rule } = *subject;
        if let (Value::Items(items), Vr::SQ) = (&element.value, vr) {
            self.count(subject, ActionCode::K);
            return Some(self.items(element.tag, items, place.inside(element.tag)));
        }
        let open =
            matches!(rule, Rule::Option | Rule::Site) || matches!(vr, Vr::DA | Vr::DT | Vr::TM | Vr::UI);
        // A coded or numbered characteristic of the patient is none that an option opens.
        let open = open && !kept::is_characteristic(element.tag);
        match value_check::value(level, element, vr, (place, open), self.policy, self.context) {
            Kept::Yes(new) => {
                self.count(subject, ActionCode::K);
                Some(new)
            }
            Kept::Partly(new) => {
                self.count(subject, ActionCode::C);
                self.note(subject);
                Some(new)
            }
            Kept::No if kept::is_setting_of_device(element.tag) && !self.policy.closed_text => {
                self.clean_text(subject)
            }
            Kept::No => self.take_out(subject, subject.least_of_unlisted()),
        }
    }

    /// Every item by its own rules.
    pub(super) fn items(&mut self, tag: Tag, items: &[DataSet], inside: Place) -> Element {
        self.path.push(tag);
        let items = items.iter().map(|item| self.level(item, inside)).collect();
        self.path.pop();
        Element { tag, vr: Vr::SQ, value: Value::Items(items) }
    }

    /// A sequence that an option cleans: its items by their own rules, their texts word by word.
    fn clean_sequence(&mut self, subject: &Subject<'_>) -> Option<Element> {
        match &subject.element.value {
            Value::Items(items) => {
                self.count(subject, ActionCode::C);
                Some(self.items(subject.tag(), items, subject.place.inside_cleaned(subject.tag())))
            }
            _ => self.take_out(subject, subject.least()),
        }
    }

    pub(super) fn take_out(&mut self, subject: &Subject<'_>, action: ActionCode) -> Option<Element> {
        self.count(subject, action);
        let Subject { level, element, vr, place, .. } = *subject;
        let tag = element.tag;
        // The patient is the same person in every instance: a pseudonym instead of nothing.
        if matches!(tag, tags::PATIENT_ID | tags::PATIENT_NAME) && !matches!(element.value, Value::Items(_)) {
            self.note(subject);
            return Some(Element::bytes(tag, vr, self.pseudonym(level, place).into_bytes()));
        }
        if action == ActionCode::D
            && let (Value::Items(items), Vr::SQ) = (&element.value, vr)
        {
            return Some(self.items(tag, items, place.inside(tag)));
        }
        self.note(subject);
        match action {
            ActionCode::X => None,
            ActionCode::D if vr == Vr::UI => self.mapped(level, element),
            ActionCode::D => {
                let year = element.as_bytes().and_then(|b| date::year(&String::from_utf8_lossy(b)));
                let year = if matches!(vr, Vr::DA | Vr::DT) { year.or(self.year) } else { None };
                Some(dummy(tag, vr, year))
            }
            _ => Some(empty(tag, vr)),
        }
    }

    fn pseudonym(&mut self, level: &DataSet, place: Place) -> String {
        let named = if place.is_top() { None } else { self.context.named_in(level, &self.person) };
        let Some(named) = named else { return self.pseudonym.clone() };
        let key = self.context.key_of_named(&named, self.data, self.keys);
        let pseudonym = self.keys.patient(&key);
        if pseudonym != key {
            self.reidentification.named(&pseudonym, level);
        }
        pseudonym
    }

    pub(super) fn count(&mut self, subject: &Subject<'_>, action: ActionCode) {
        self.account.count(subject.tag(), action, subject.rule);
        if let Some(trail) = &mut self.trail {
            trail.push(Step {
                path: self.path.clone(),
                tag: subject.tag(),
                action,
                rule: subject.rule,
                before: shown(subject.level, subject.element),
                after: None,
            });
        }
    }

    pub(super) fn note(&mut self, subject: &Subject<'_>) {
        self.account.note(subject.level, subject.element, subject.vr);
    }
}
