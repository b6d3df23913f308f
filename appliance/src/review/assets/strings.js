// The strings that the browser writes: one table, ready for other languages; and how times and sizes are said.
// @ts-check
/** @typedef {import('/assets/live.js').Head['outcomes']} Outcomes @typedef {import('/assets/live.js').Head['watches'][number]} Watch */

export const t = {
  lost: (/** @type {string} */ age) => `No contact with the appliance for ${age}. What is shown is old; decisions are off until contact is back. Scans may or may not be received: look at the console.`,
  unknown: 'unknown: no contact',
  lights: { contact: 'Contact', scanner: 'Scanner link', models: 'Models', cloud: 'Cloud', disk: 'Disk', work: 'Work', clock: 'Clock' },
  states: { ok: '●', warn: '▲', bad: '◆', unknown: '○' },
  words: { ok: '', warn: 'attention', bad: 'fault', unknown: 'unknown' },
  contact: (/** @type {string} */ age) => `heard ${age} ago`,
  all: 'All',
  filters: /** @type {Record<string, string>} */ ({
    flag: 'flag', escalate: 'escalate', 'not-analysed': 'not-analysed', unreadable: 'unreadable', 'no-flag': 'no-flag',
    held: 'held', review: 'to decide', waiting: 'waiting', leaving: 'leaving', packing: 'being sealed', sealed: 'sealed',
    sending: 'sending', received: 'in the cloud', answered: 'report home', 'not-sent': 'not sent', stopped: 'stopped',
    buried: 'set aside', failed: 'could not be sent', sampled: 'to be read',
  }),
  fresh: (/** @type {number} */ n) => `${n} new or moved: show`,
  nothing: 'Nothing here. New studies appear by themselves.',
  setupTitle: 'No study has come yet',
  setup: (/** @type {[string, number] | null} */ to, /** @type {string} */ host) => [
    ['Add a destination at the scanner', to ? `AE title ${to[0]}, port ${to[1]}, address ${host} as seen from the scanner` : 'AE title, port and address of this appliance', ''],
    ['Verify it there (C-ECHO)', 'A caller that is refused appears below, with its reason and the lines to add to the configuration.', 'scanner'],
    ['Send one study', 'It appears here by itself; what triage answers stands beside it.', 'models'],
    ['Ask the cloud', 'Without it triage goes on here and cases wait sealed.', 'cloud'],
  ],
  noMatch: 'No study matches. Show all, or find something else.',
  forward: (/** @type {number} */ n, /** @type {number} */ bad) => `Originals go on to ${n} ${n === 1 ? 'destination' : 'destinations'}${bad ? `; ${bad} ${bad === 1 ? 'needs' : 'need'} attention` : ''}`,
  forwardCounts: (/** @type {number} */ waiting, /** @type {number} */ dead) => `${waiting} waiting, ${dead} dead ${dead === 1 ? 'letter' : 'letters'}`,
  forwardOldest: (/** @type {string} */ at) => `, the oldest since ${at}`,
  triage: (/** @type {number | null} */ share, /** @type {number} */ low) => `Triage: ${share === null ? 'nothing answered by a bundle yet' : `${Math.round(share * 100)} % answered here`}${low ? `; no-flag of ${low} ${low === 1 ? 'bundle' : 'bundles'} lowered or withdrawn` : ''}`,
  answers: (/** @type {Outcomes} */ o) => `Answered here: ${o.no_flag} no-flag, ${o.flag} flag. Not analysed ${o.not_analysed}, unreadable ${o.unreadable}.`,
  escalated: (/** @type {Outcomes} */ o) => `Escalated: ${o.escalated_between} between the limits, ${o.escalated_input_check} refused by the input check, ${o.escalated_withdrawn} because no-flag was withheld.`,
  people: (/** @type {Outcomes} */ o) => `Physicians read ${o.reads} sampled studies, ${o.reads_against} against triage; ${o.unread} wait. Overrides: ${Object.entries(o.overrides).map(([k, n]) => `${n} ${k}`).join(', ') || 'none'}. Reports signed ${o.cloud_signed}, closing a flag ${o.cloud_closed}. Calls ${o.calls[0]}, failed ${o.calls[1]}.`,
  times2: (/** @type {string} */ half, /** @type {string} */ most, /** @type {number} */ n, /** @type {string} */ opened, /** @type {number} */ m) => (n ? `Last image to answer: half within ${half}, 95 % within ${most} (${n} studies).${m ? ` Answer to first opened: half within ${opened} (${m}).` : ''}` : ''),
  watch: (/** @type {Watch} */ w) => `${w.bundle}: no-flag ${w.level}${w.why ? `, because ${w.why}` : ''}. ${w.learned ? `${w.studies} studies watched` : `learning, ${w.studies} studies seen`}; ${w.no_flag.hidden} of ${w.no_flag.reads} read studies given no-flag hid a finding; ${w.accepted ? `accepted by ${w.accepted.who}` : 'not accepted for settle'}.`,
  untitled: 'A caller that gave no AE title',
  refused: (/** @type {number} */ n) => `${n} refused ${n === 1 ? 'caller' : 'callers'}: why, and what to add`,
  times: (/** @type {number} */ n) => (n === 1 ? 'once' : `${n} times`),
  shadow: 'shadow',
  waits: (/** @type {string} */ age) => `waits ${age}`,
  came: (/** @type {string} */ at) => `came ${at}`,
  complete: (/** @type {string} */ s, /** @type {string} */ why) => `complete in ${s} (${why})`,
  missing: (/** @type {number} */ n, /** @type {number} */ of) => `, ${n} of ${of} listed still to come`,
  corrected: (/** @type {number} */ n) => `${n} ${n === 1 ? 'instance' : 'instances'} of it ${n === 1 ? 'was' : 'were'} replaced by corrected ones or taken back by a rejection note; the timeline says why.`,
  earlier: (/** @type {{ revision: number, state: string, corrected_at: number | null }} */ c) => `Revision ${c.revision}: ${c.state}${c.corrected_at ? '. The study was corrected after it had left: what came of it is about the study as it was' : ''}.`,
  collision: (/** @type {number} */ n) => `${n} ${n === 1 ? 'instance has a SOP Instance UID' : 'instances have SOP Instance UIDs'} that came in another study or about another patient too. All are kept and go on as received; an archive may keep one of them only. Look there for all of them.`,
  otherStudy: (/** @type {number} */ n, /** @type {number} */ of) => (of === 1 ? 'The other study' : `Other study ${n}`),
  collisionAnswer: (/** @type {{ destination: string, state: string, answer: string | null, status: number | null, instances: number, unchecked: number, checked_by: string | null }} */ a) => `${a.destination}: ${a.instances} ${a.state}, ${a.answer ? `${a.answer} (${(a.status ?? 0).toString(16).toUpperCase().padStart(4, '0')})` : 'not answered yet'}; ${a.unchecked === 0 ? `checked by ${a.checked_by}` : 'nobody has looked at the archive since'}.`,
  beside: (/** @type {number} */ n) => `${n} ${n === 1 ? 'instance' : 'instances'} came again under the same UID with other bytes: kept beside the first.`,
  noPicture: 'No preview of this study could be made. The reason stands on the right.',
  analysing: 'The preview appears when the study is complete and analysed.',
  damaged: (/** @type {string} */ why) => `The image cannot be shown: ${why}`,
  frame: (/** @type {number} */ n, /** @type {number} */ m) => `image ${n} of ${m} previewed`,
  size: (/** @type {number} */ c, /** @type {number} */ r, /** @type {number} */ level) => `${c} × ${r}${level ? `, 1:${2 ** level} preview` : ''}`,
  window: (/** @type {number} */ c, /** @type {number} */ w, /** @type {boolean} */ i) => `centre ${c} width ${w}${i ? ' inverted' : ''}`,
  full: { coming: 'Decoding at full resolution…', not: (/** @type {string} */ why) => `No full resolution: ${why}` },
  off: 'No contact: decisions are off.',
  done: 'Done.',
  offline: 'The appliance cannot be reached: nothing was changed.',
  statement: 'De-identification statement',
  draw: 'Draw the area on the image, from one corner to the other. It will be black on every image of this size. Esc gives up.',
  redactedNone: 'No area was drawn.',
  covered: (/** @type {number} */ n) => `${n} ${n === 1 ? 'area' : 'areas'} redacted by a person: black in what leaves. M shows what is under them.`,
  again: (/** @type {string} */ label) => `${label}: press once more to record it. It cannot be taken back.`,
  placed: 'Hold O to see where on the image the network saw it: a region, not a border.',
  attributes: { title: 'Attributes, before and after', instance: 'Instance', hold: 'Show before (hold)', columns: ['Attribute', 'Action', 'Before', 'After'] },
  theme: { dark: 'Light theme', light: 'Dark theme' },
  title: 'Studies - Scanside',
  stat: (/** @type {number} */ n) => `(${n} STAT) `,
  sections: {
    findings: 'Findings', none: 'The bundle reported no finding.', score: 'score', threshold: 'flag from', over: 'raised a flag', under: 'raised no flag', never: 'reported only: too few cases stand behind it to flag',
    holds: 'Held because', wouldHold: 'It would be held because', beside: 'Received twice, differently', collisions: 'One UID, several studies', corrected: 'Corrected', earlier: 'Earlier cases', removed: 'What was removed', removedNone: 'Nothing recorded: the study could not be read.', inputCheck: 'Input check', inputPassed: 'within what the bundle was made for', inputNot: 'outside what the bundle was made for',
    report: 'Report', case: 'Case', timeline: 'Timeline', result: 'Triage result', pending: 'Not analysed yet.',
  },
  draftBy: (/** @type {string} */ origin) => `UNSIGNED MACHINE DRAFT by ${origin}. Nobody has read it.`,
  signedBy: (/** @type {string} */ who, /** @type {string} */ origin) => `Signed by ${who}. Drafted by ${origin}.`,
  process: 'Process now',
  ask: {
    release: ['Release from hold, in your name', 'It is held for a person. Release it only if no identity is visible anywhere.'],
    'dont-send': ["Don't send", 'It stays here; nothing is deleted. Repeats are decided at the console.'],
    escalate: ['Escalate to the cloud', 'The reason travels with the de-identified case.'],
  },
  digits: ['positioning', 'anatomy cut', 'exposure', 'motion', 'artifact or detector', 'marker or label', 'wrong patient or order', 'identity visible', 'other'],
  keys: [
    ['J K', 'next, previous study'], ['/', 'find'], ['Esc', 'back to the list'], ['G S', 'go to STAT'],
    ['A', 'send, or release'], ['H', 'wait'], ['X', "don't send, then 1 to 9"], ['P', 'identity visible: stop'],
    ['E', 'escalate'], ['C', 'acknowledge'], ['S', 'raise to STAT'], ['U', 'undo'], ['R', 'try again now'], ['V', 'collisions: archive checked'], ['B', 'black an area out'], ['Z', 'take the last area back'], ['T', 'note to the reader'], ['M', 'areas: as they leave, or outlined'], ['N', 'hold: patient’s name'], ['O', 'hold: where the network saw it'],
    ['F D', 'a sampled study, read: a finding, none of the findings'],
    ['↑ ↓ Home End', 'images of a stack'], ['1 to 5', 'window presets'], ['I', 'invert'], ['L', 'full resolution'], ['0 or Space', 'reset'], ['+ −', 'zoom'],
    ['left drag', 'window'], ['middle drag', 'move'], ['right drag', 'zoom'], ['wheel', 'scroll the stack, or zoom'], ['?', 'this sheet'],
  ],
  note: {
    title: 'Note to the reader', write: 'Write a note', change: 'Change the note',
    words: 'It travels with the case and is read by whoever reports it. What identifies the patient stops the case from being sent. Empty: no note.',
    by: (/** @type {string} */ who, /** @type {string} */ when) => `${who}, ${when}`,
  },
  footList: 'J K next, previous · Enter open · / find · G S to STAT · ? keys',
  footStudy: 'Esc list · A send · H wait · X don’t send · P identity visible · C acknowledge · U undo · ? keys',
  fine: 'Research software, not a medical device. Triage opinion, not a diagnosis.',
};

/** A span in the largest unit that says it. @param {number} ms */
export function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 90) return `${s} s`;
  if (s < 5400) return `${Math.floor(s / 60)} min`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ${String(Math.floor(s / 60) % 60).padStart(2, '0')} min`;
  return `${Math.floor(s / 86400)} d`;
}

/** A time of day, with the date when it is another day. @param {number} ms @param {number} now */
export function clock(ms, now) {
  const at = new Date(ms);
  const time = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
  return at.toDateString() === new Date(now).toDateString() ? time : `${at.toLocaleDateString()} ${time}`;
}

/** Bytes with three figures. @param {number} n */
export function bytes(n) {
  if (n < 1000) return `${n} B`;
  const unit = n < 1e6 ? ['kB', 1e3] : n < 1e9 ? ['MB', 1e6] : ['GB', 1e9];
  return `${(n / Number(unit[1])).toPrecision(3)} ${unit[0]}`;
}
