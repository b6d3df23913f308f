// The page: one head, the list, one open study, and one place for all keys.
// @ts-check
import { $, el, locks } from '/assets/ask.js';
import * as image from '/assets/image.js';
import * as list from '/assets/list.js';
import { again, follow, lost, now, poll, silence } from '/assets/live.js';
import { clock, span, t } from '/assets/strings.js';
import * as study from '/assets/study.js';
import { theme } from '/assets/theme.js';

/** @type {import('/assets/live.js').Head | null} */
let head = null;

/** Opens a study, or the list; the address holds our own id and nothing else. @param {string} id @param {boolean} [quiet] */
function go(id, quiet) {
  document.body.dataset.view = id ? 'study' : 'list';
  for (const pane of ['image', 'result']) $(pane).hidden = !id;
  $('foot').textContent = `${id ? t.footStudy : t.footList} · ${t.fine}`;
  if (!quiet) history.pushState(null, '', id ? `/study/${id}` : '/');
  study.show(id);
  list.select(id);
}

/** @param {import('/assets/live.js').Changes} c */
function take(c) {
  if (c.head) { head = c.head; drawHead(); }
  list.take(c);
  const row = study.current() && list.row(study.current());
  if (row) study.moved(row);
  tick();
}

function drawHead() {
  if (!head) return;
  const h = head;
  $('mode').textContent = `${h.lights.demo ? 'Demonstration · ' : ''}mode ${h.lights.mode}`;
  document.title = (h.stat > 0 ? t.stat(h.stat) : '') + t.title;
  drawTriage(h);
  drawDestinations(h.destinations);
  const refused = /** @type {HTMLDetailsElement} */ ($('refused'));
  refused.hidden = h.refused.length === 0;
  /** @type {HTMLElement} */ (refused.querySelector('summary')).textContent = t.refused(h.refused.length);
  /** @type {HTMLElement} */ (refused.querySelector('div')).replaceChildren(...h.refused.map((r) => {
    const box = el('div', 'caller');
    box.append(el('p', '', `${r.ae_title || t.untitled} from ${r.address}: ${r.reason} (${t.times(r.times)}, last ${clock(r.last_at, now())})`), el('pre', '', r.config));
    return box;
  }));
}

/** What came of triage, and how far it may be relied upon. @param {import('/assets/live.js').Head} h */
function drawTriage(h) {
  const box = /** @type {HTMLDetailsElement} */ ($('triage'));
  const o = h.outcomes;
  box.hidden = o.answered === 0;
  const low = h.watches.filter((w) => w.level !== 'steady').length;
  /** @type {HTMLElement} */ (box.querySelector('summary')).textContent = t.triage(o.local_share, low);
  const lines = [
    t.answers(o), t.escalated(o), t.people(o),
    t.times2(span(o.to_verdict.p50), span(o.to_verdict.p95), o.to_verdict.count, span(o.to_open.p50), o.to_open.count),
    ...h.watches.map((w) => t.watch(w)),
  ];
  /** @type {HTMLElement} */ (box.querySelector('ul')).replaceChildren(...lines.filter(Boolean).map((l) => el('li', '', l)));
}

/** @param {import('/assets/live.js').Head['destinations']} rows */
function drawDestinations(rows) {
  const box = /** @type {HTMLDetailsElement} */ ($('forward'));
  box.hidden = rows.length === 0;
  const troubled = rows.filter((d) => d.state !== 'ok').length;
  /** @type {HTMLElement} */ (box.querySelector('summary')).textContent = t.forward(rows.length, troubled);
  /** @type {HTMLElement} */ (box.querySelector('ul')).replaceChildren(...rows.map((d) => {
    const li = el('li');
    li.dataset.state = d.state;
    const dot = el('span', 'dot', t.states[/** @type {keyof typeof t.states} */ (d.state)] ?? '○');
    dot.setAttribute('aria-hidden', 'true');
    const oldest = d.oldest === null ? '' : t.forwardOldest(clock(d.oldest, now()));
    li.append(dot, ` ${d.name}: ${d.words}. ${t.forwardCounts(d.waiting, d.dead)}${oldest}`);
    return li;
  }));
}

/** Lights, the fixed line and clocks: what is true now, and nothing that was only true when last heard. */
function tick() {
  const gone = lost();
  document.body.dataset.contact = gone ? 'lost' : 'here';
  const lights = [
    { name: 'contact', state: gone ? 'bad' : 'ok', words: t.contact(span(silence())) },
    ...(head?.lights.lights ?? []).map((l) => (gone ? { ...l, state: 'unknown', words: t.unknown } : l)),
  ];
  const box = $('lights');
  while (box.children.length < lights.length) {
    const li = el('li');
    li.append(el('span', 'dot'), ' ', el('span', 'words'));
    box.append(li);
  }
  while (box.children.length > lights.length) box.lastElementChild?.remove();
  lights.forEach((l, n) => {
    const li = /** @type {HTMLElement} */ (box.children[n]);
    li.dataset.state = l.state;
    li.title = l.words;
    const [dot, words] = /** @type {HTMLElement[]} */ ([...li.children]);
    dot.textContent = t.states[/** @type {keyof typeof t.states} */ (l.state)] ?? '○';
    dot.setAttribute('aria-hidden', 'true');
    const extra = t.words[/** @type {keyof typeof t.words} */ (l.state)] ?? l.state;
    words.textContent = (t.lights[/** @type {keyof typeof t.lights} */ (l.name)] ?? l.name) + (extra && `: ${extra}`);
    words.setAttribute('aria-description', l.words);
  });
  const line = $('line');
  const words = gone ? t.lost(span(silence())) : head ? head.line.words.replace('{since}', clock(head.line.since ?? 0, now())) : '';
  line.dataset.level = gone ? 'bad' : head?.line.level ?? 'plain';
  if (line.textContent !== words) line.textContent = words;
  list.tick();
  study.tick();
}

function sheet() {
  $('sheet-keys').replaceChildren(...t.keys.flatMap(([k, words]) => [el('dt', '', k), el('dd', '', words)]));
  /** @type {HTMLDialogElement} */ ($('sheet')).showModal();
}

let before = '';
/** One handler for all keys; silent in inputs and dialogs and with Ctrl, Alt or Meta. @param {KeyboardEvent} e */
function keys(e) {
  const target = /** @type {HTMLElement} */ (e.target);
  if (e.ctrlKey || e.altKey || e.metaKey || document.querySelector('dialog[open]')) return;
  if (target.matches('input, textarea, select')) {
    if (e.key === 'Escape') target.blur();
    return;
  }
  const k = e.key.length === 1 ? e.key.toLowerCase() : e.key;
  const chord = before;
  before = k;
  // Space and Enter belong to a focused button or link.
  if ((k === ' ' || k === 'Enter') && target.matches('button, a, summary')) return;
  const viewing = study.current() !== '';
  if (chord === 'g' && k === 's') list.toStat();
  else if (k === '?') sheet();
  else if (k === '/') $('find').focus();
  else if (k === 'j') list.step(1);
  else if (k === 'k') list.step(-1);
  else if (k === 'Escape' && viewing) { if (!image.key(k)) go(''); }
  else if (viewing && k === 'n') { if (!e.repeat) void study.look(true); }
  else if (viewing && k === 'o') image.outline(true);
  else if (!viewing || e.repeat && !/Arrow|[+\-=]/.test(k)) return;
  else if (!image.key(k) && !study.key(k)) return;
  e.preventDefault();
}

theme();
locks(() => { again(); void poll(); if (study.current()) void study.load(); });
list.list((id) => go(id));
image.viewer();
study.study();
go(document.querySelector('meta[name=study]')?.getAttribute('content') ?? '', true);
follow(take);
document.addEventListener('keydown', keys);
document.addEventListener('keyup', (e) => {
  if (e.key.toLowerCase() === 'n') void study.look(false);
  if (e.key.toLowerCase() === 'o') image.outline(false);
});
window.addEventListener('popstate', () => go(location.pathname.split('/')[2] ?? '', true));
$('home').addEventListener('click', (e) => { e.preventDefault(); go(''); });
$('keys').addEventListener('click', sheet);
setInterval(tick, 1000);
