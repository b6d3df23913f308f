// One study: what triage answered and why, what leaves, and what a person decides. The server says which buttons
// are possible and checks every decision again.
// @ts-check
import { $, ask, el } from '/assets/ask.js';
import { attributes } from '/assets/attributes.js';
import * as image from '/assets/image.js';
import { stateWords } from '/assets/list.js';
import { lost, now } from '/assets/live.js';
import * as note from '/assets/note.js';
import { bytes, clock, span, t } from '/assets/strings.js';

/**
 * @typedef {{ action: string, label: string, key: string, not: string | null, reason: boolean, given: string | null }} Action
 * @typedef {{ name: string, score: number, threshold: number, positive: boolean, scheme: string, code: string }} Finding
 * @typedef {{ row: import('/assets/live.js').Row, now: number, result: null | { revision: number, words: string, disposition: string,
 *   bundle: string, version: string, mode: string, mode_words: string, findings: Finding[], input_check: null | { score: number, limit: number, passed: boolean },
 *   holds: string[], removed: { code: string, words: string, count: number }[], places: import('/assets/image.js').Place[], previews: import('/assets/image.js').Preview[], ms: number,
 *   decided_at: number, cloud_up: boolean }, case: null | { id: string, state: string, priority: string, reason: string, plan: string,
 *   sealed_bytes: number, bytes_sent: number, parts_sent: number, parts_total: number, searched: number, attempts: number, next_attempt: number,
 *   fault: string | null, received_at: number | null, answered_at: number | null, areas: import('/assets/image.js').Area[],
 *   note: null | { text: string, by: string | null, at: number | null }, note_not: string | null },
 *   report: null | { lines: string[], unsigned: boolean, signed_by: string | null, origin: string, created: string },
 *   earlier: { revision: number, state: string, corrected_at: number | null, report: Detail['report'] }[],
 *   collisions: { studies: string[], answers: { destination: string, state: string, answer: string | null, status: number | null, instances: number, unchecked: number, checked_by: string | null }[] },
 *   events: { at: number, who: string, what: string }[], actions: Action[], phone: string | null }} Detail
 */

let open = '';
let armed = '';
let rendered = '';
/** @type {Detail | null} */
let detail = null;
let loading = false;
let again = false;

export const current = () => open;

/** Opens a study, or closes it with an empty id. @param {string} id */
export function show(id) {
  open = id;
  detail = null;
  rendered = '';
  $('name').textContent = '';
  $('answer').textContent = '';
  $('facts').replaceChildren();
  $('actions').replaceChildren();
  $('more').replaceChildren();
  image.clear();
  if (id) void load();
}

/** Gets the open study again: it has changed. */
export async function load() {
  if (loading) { again = true; return; }
  loading = true;
  const id = open;
  try {
    const got = /** @type {Detail} */ (await (await ask(`/api/study/${id}`)).json());
    if (id === open) { detail = got; draw(); }
  } catch (error) {
    if (id === open) say(/** @type {Error} */ (error).message);
  }
  loading = false;
  if (again || id !== open) { again = false; if (open) void load(); }
}

/** @param {string} words */
function say(words) { $('answer').textContent = words; }

/** @param {string} title @param {...(Node | string)} inside */
function part(title, ...inside) {
  const s = el('section', 'part');
  s.append(el('h3', '', title), ...inside);
  return s;
}

function draw() {
  if (!detail) return;
  const d = detail;
  // The same again, but for the clock: nothing is rendered, so that no button moves under the pointer.
  const shape = JSON.stringify({ ...d, now: 0 });
  if (shape !== rendered) {
    rendered = shape;
    facts(d);
    buttons(d);
    more(d);
  }
  const words = d.result && d.row.state !== 'arriving' ? t.noPicture : t.analysing;
  image.show(d.row.id, d.row.study.split(' ')[0], d.result?.previews ?? [], words);
  image.cover(d.case?.areas ?? []);
  image.seen(d.result?.places ?? []);
  image.caption([d.row.study, d.row.room, d.row.tail && `…${d.row.tail}`].filter(Boolean).join(' · '));
  tick();
}

/** @param {Detail} d */
function facts(d) {
  const r = d.result;
  const head = el('div', 'facts');
  const line = el('p', 'headline');
  line.dataset.priority = d.row.priority;
  line.append(el('span', 'priority', d.row.priority), ' ', el('span', 'state', ''));
  head.append(line);
  if (d.phone) head.append(el('p', 'phone', d.phone));
  if (!r) {
    head.append(part(t.sections.result, el('p', '', t.sections.pending)));
  } else {
    const word = el('p', 'verdict');
    word.dataset.disposition = r.disposition;
    word.append(el('span', 'word', r.disposition), ' ', r.words);
    const mode = el('p', r.mode === 'shadow' ? 'shadow' : 'quiet', r.mode_words);
    head.append(part(t.sections.result, word, mode));
    if (r.holds.length > 0) {
      const ul = el('ul', 'holds');
      ul.append(...r.holds.map((h) => el('li', '', h)));
      head.append(part(d.case ? t.sections.holds : t.sections.wouldHold, ul));
    }
  }
  if (d.row.corrected > 0) head.append(part(t.sections.corrected, el('p', 'fault', t.corrected(d.row.corrected))));
  if (d.row.collisions > 0) head.append(collisions(d));
  if (d.row.beside > 0) head.append(part(t.sections.beside, el('p', 'fault beside', t.beside(d.row.beside))));
  if (d.case?.fault) head.append(part(t.sections.case, el('p', 'fault', d.case.fault)));
  $('facts').replaceChildren(head);
}

/** The same UIDs in other studies, and what archives made of it. @param {Detail} d */
function collisions(d) {
  const c = d.collisions;
  const others = c.studies.map((id, n) => {
    const link = /** @type {HTMLAnchorElement} */ (el('a', '', t.otherStudy(n + 1, c.studies.length)));
    link.href = `/study/${id}`;
    return link;
  });
  const ul = el('ul', 'collisions');
  ul.append(...c.answers.map((a) => el('li', '', t.collisionAnswer(a))));
  return part(t.sections.collisions, el('p', 'fault', t.collision(d.row.collisions)), ...others.flatMap((a) => [a, ' ']), ul);
}

/** @param {NonNullable<Detail['report']>} r */
function report(r) {
  const by = el('p', r.unsigned ? 'shadow' : 'quiet', r.unsigned ? t.draftBy(r.origin) : t.signedBy(r.signed_by ?? '', r.origin));
  const box = el('div', r.unsigned ? 'report unsigned' : 'report');
  box.append(...r.lines.map((l) => el('p', '', l)));
  return part(t.sections.report, by, box);
}

/** @param {Detail} d */
function findings(d) {
  const r = /** @type {NonNullable<Detail['result']>} */ (d.result);
  if (!r.bundle) return [];
  const list = el('ul', 'findings');
  const ordered = [...r.findings].sort((a, b) => Number(b.positive) - Number(a.positive) || b.score - a.score);
  for (const f of ordered) {
    const li = el('li', f.positive ? 'over' : '');
    const bar = /** @type {HTMLMeterElement} */ (document.createElement('meter'));
    [bar.min, bar.max, bar.value] = [0, 1, f.score];
    bar.setAttribute('aria-hidden', 'true');
    li.append(el('strong', '', f.name), bar,
      el('span', 'quiet', f.threshold >= 1 ? `${t.sections.score} ${f.score.toFixed(2)}, ${t.sections.never}`
        : `${t.sections.score} ${f.score.toFixed(2)}, ${t.sections.threshold} ${f.threshold.toFixed(2)}: ${f.positive ? t.sections.over : t.sections.under}`));
    list.append(li);
  }
  if (r.places.length > 0) list.append(el('li', 'quiet', t.placed));
  const when = `${r.bundle} ${r.version}, ${r.mode}, ${clock(r.decided_at, d.now)}, ${Math.round(r.ms)} ms${r.cloud_up ? '' : ', cloud away'}`;
  const inside = r.findings.length > 0 ? [list] : [el('p', '', t.sections.none)];
  if (r.input_check) inside.push(el('p', r.input_check.passed ? 'quiet' : 'shadow', `${t.sections.inputCheck}: ${r.input_check.score.toFixed(2)}, limit ${r.input_check.limit.toFixed(2)}, ${r.input_check.passed ? t.sections.inputPassed : t.sections.inputNot}`));
  return [part(t.sections.findings, ...inside, el('p', 'quiet', when))];
}

/** @param {Detail} d */
function more(d) {
  const all = d.report ? [report(d.report)] : [];
  if (d.result) {
    all.push(...findings(d));
    const words = d.result.removed.map((r) => `${r.count} ${r.words}`).join(', ');
    all.push(part(t.sections.removed, el('p', '', words || t.sections.removedNone), ...(words ? [attributes(d.row.id)] : [])));
  }
  if (d.case) all.push(part(t.sections.case, el('p', '', d.case.reason), el('p', 'quiet', way(d)), ...covered(d), ...statement(d)), part(t.note.title, ...note.shown(d.case, d.now, () => void write())));
  if (d.earlier.length > 0) all.push(part(t.sections.earlier, ...d.earlier.flatMap((c) => [el('p', c.corrected_at ? 'fault' : 'quiet', t.earlier(c)), ...(c.report ? [report(c.report)] : [])])));
  const list = el('ol', 'timeline');
  list.append(...d.events.map((e) => {
    const li = el('li', '');
    li.append(el('time', 'quiet', clock(e.at, d.now)), ` ${e.who}: ${e.what}`);
    return li;
  }));
  all.push(part(t.sections.timeline, list));
  $('more').replaceChildren(...all);
}

/** Lets a person write the note that travels with the case. */
async function write() {
  const d = detail;
  if (!d?.case) return;
  if (lost()) return say(t.off);
  if (d.case.note_not) return say(`${t.note.title}: ${d.case.note_not}.`);
  const text = await note.written(d.case);
  if (text !== null) await decide(t.note.title, d, { action: 'note', case: d.case.id, text });
}

/** Asks for what a person decided, with what that person saw. @param {string} label @param {Detail} d @param {object} decision */
async function decide(label, d, decision) {
  try {
    await ask('/api/decide', { decision, study: d.row.id, revision: d.row.revision, events: d.events.length });
    say(`${label}: ${t.done}`);
  } catch (error) {
    say(`${label}: ${/** @type {Error} */ (error).message}`);
  }
  await load();
}

/** How many areas a person has redacted. @param {Detail} d */
function covered(d) {
  return d.case && d.case.areas.length > 0 ? [el('p', '', t.covered(d.case.areas.length))] : [];
}

/** What was done to the case, as a page of its own, once it was sealed. @param {Detail} d */
function statement(d) {
  if (!d.case || d.case.sealed_bytes === 0) return [];
  const link = /** @type {HTMLAnchorElement} */ (el('a', '', t.statement));
  link.href = `/study/${d.row.id}/statement`;
  link.target = '_blank';
  link.rel = 'noopener';
  return [link];
}

/** @param {Detail} d */
function way(d) {
  const c = /** @type {NonNullable<Detail['case']>} */ (d.case);
  const words = [`${c.priority}, ${c.plan}`];
  if (c.sealed_bytes > 0) words.push(`sealed ${bytes(c.sealed_bytes)}`, `${c.searched} removed values searched for, none found`);
  if (c.bytes_sent > 0) words.push(`${bytes(c.bytes_sent)} sent, part ${c.parts_sent} of ${c.parts_total}`);
  if (c.received_at) words.push(`received by the cloud ${clock(c.received_at, d.now)}`);
  if (c.answered_at) words.push(`report home ${clock(c.answered_at, d.now)}`);
  if (c.attempts > 0 && c.next_attempt > d.now) words.push(`attempt ${c.attempts + 1} in ${span(c.next_attempt - d.now)}`);
  return words.join('; ');
}

/** @param {Detail} d */
function buttons(d) {
  const box = $('actions');
  const focused = /** @type {HTMLElement | null} */ (box.contains(document.activeElement) ? document.activeElement : null)?.dataset.action;
  box.replaceChildren(...d.actions.map((a) => {
    const b = /** @type {HTMLButtonElement} */ (el('button', `do ${a.action}`, a.label));
    b.type = 'button';
    b.dataset.action = a.action;
    b.dataset.not = a.not ?? '';
    b.append(' ', el('kbd', '', a.key));
    b.setAttribute('aria-keyshortcuts', a.key);
    b.addEventListener('click', () => void press(a));
    return b;
  }));
  if (d.row.state === 'arriving') {
    const b = /** @type {HTMLButtonElement} */ (el('button', 'do process', t.process));
    b.type = 'button';
    b.addEventListener('click', () => void ask(`/api/study/${open}/process`, {}).then(() => say(t.done), (e) => say(e.message)));
    box.append(b);
  }
  if (focused) /** @type {HTMLElement | null} */ (box.querySelector(`[data-action="${focused}"]`))?.focus();
}

/** @param {Action} a */
async function press(a) {
  if (!detail) return;
  const d = detail;
  if (lost()) return say(t.off);
  if (a.not) return say(`${a.label}: ${a.not}.`);
  // A read cannot be taken back once the answer is shown: a slip of the finger must not become a label.
  if (a.action.startsWith('read-') && armed !== `${d.row.id} ${a.action}`) {
    armed = `${d.row.id} ${a.action}`;
    return say(t.again(a.label));
  }
  let reason = a.given ?? undefined;
  /** @type {import('/assets/image.js').Area | null} */
  let area = null;
  if (a.action === 'black-out') {
    say(t.draw);
    area = await image.draw();
    if (!area) return say(t.redactedNone);
  }
  if (a.reason) {
    const told = await why(a.action);
    if (told === null) return;
    reason = told;
  }
  /** @type {Record<string, unknown>} */
  const decision = { action: a.action };
  if (['escalate', 'acknowledge', 'unacknowledge', 'archive-checked', 'stat', 'read-finding', 'read-nothing'].includes(a.action)) decision.study = d.row.id;
  else decision.case = d.case?.id ?? '';
  if (reason !== undefined) decision.reason = reason;
  if (area) decision.area = area;
  await decide(a.label, d, decision);
}

/** Asks for a reason; null when it was given up. @param {string} action @returns {Promise<string | null>} */
function why(action) {
  const [title, words] = t.ask[/** @type {keyof typeof t.ask} */ (action)] ?? [action, ''];
  const dialog = /** @type {HTMLDialogElement} */ ($('ask'));
  const input = /** @type {HTMLInputElement} */ ($('ask-text'));
  $('ask-title').textContent = title;
  $('ask-words').textContent = words;
  input.value = '';
  input.required = true;
  const digits = action === 'dont-send' ? t.digits : [];
  $('ask-digits').replaceChildren(...digits.map((word, n) => {
    const b = /** @type {HTMLButtonElement} */ (el('button', '', `${n + 1} ${word}`));
    b.type = 'button';
    b.addEventListener('click', () => digit(n));
    return b;
  }));
  /** @param {number} n */
  const digit = (n) => {
    input.value = n === 8 ? '' : digits[n];
    if (n === 8) input.focus(); else dialog.close('ok');
  };
  /** @param {KeyboardEvent} e */
  const keys = (e) => {
    if (e.target === input && input.value !== '') return;
    const n = Number(e.key) - 1;
    if (digits[n]) { e.preventDefault(); digit(n); }
  };
  dialog.returnValue = '';
  dialog.addEventListener('keydown', keys);
  dialog.showModal();
  input.focus();
  return new Promise((done) => {
    dialog.addEventListener('close', () => {
      dialog.removeEventListener('keydown', keys);
      done(dialog.returnValue === 'ok' && input.value.trim() ? input.value.trim() : null);
    }, { once: true });
  });
}

/** A key for the study; whether it was one. @param {string} key */
export function key(key) {
  if (key === 't' && detail?.case) { void write(); return true; }
  const a = detail?.actions.find((b) => b.key.toLowerCase() === key);
  if (a) void press(a);
  return a !== undefined;
}

/** The countdown, and whether decisions are possible. */
export function tick() {
  const state = $('facts').querySelector('.headline .state');
  if (state && detail) state.textContent = stateWords(detail.row);
  const off = lost();
  for (const b of /** @type {NodeListOf<HTMLButtonElement>} */ ($('actions').querySelectorAll('button'))) {
    const not = off ? t.off : b.dataset.not;
    // Stays reachable for the keyboard and says why it cannot be pressed.
    b.setAttribute('aria-disabled', String(Boolean(not)));
    b.title = not ?? '';
  }
}

let looking = false;
/** The patient's name, only while held; fetched then, audited, kept nowhere. @param {boolean} on */
export async function look(on) {
  if (looking === on) return;
  looking = on;
  $('name').textContent = '';
  if (!on || !open) return;
  const id = open;
  try {
    const name = (await (await ask(`/api/study/${id}/name`, {})).json()).name;
    if (looking && id === open) $('name').textContent = name || '(no name)';
  } catch (error) {
    if (looking) $('name').textContent = /** @type {Error} */ (error).message;
  }
}

/** When the row of the open study moved. @param {import('/assets/live.js').Row} r */
export function moved(r) {
  if (!detail || detail.row.id !== r.id) return;
  if (JSON.stringify(r) !== JSON.stringify(detail.row)) void load();
}

export function study() {
  const b = $('look');
  b.addEventListener('pointerdown', () => void look(true));
  for (const end of ['pointerup', 'pointerleave', 'blur']) b.addEventListener(end, () => void look(false));
  b.addEventListener('keydown', (e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); void look(true); } });
  b.addEventListener('keyup', () => void look(false));
  window.addEventListener('blur', () => void look(false));
  document.addEventListener('visibilitychange', () => void look(false));
  setInterval(() => { if (detail && now() > 0) tick(); }, 500);
}
