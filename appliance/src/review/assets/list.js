// The list: rows that move by themselves, filters with counts, text to find. The order never changes under the
// pointer or the focus: a bar says how much waits.
// @ts-check
import { $, ask, el } from '/assets/ask.js';
import { now } from '/assets/live.js';
import { clock, span, t } from '/assets/strings.js';

/** @typedef {import('/assets/live.js').Row} Row @typedef {import('/assets/live.js').Head} Head */

/** @type {Map<string, Row>} */
const rows = new Map();
/** @type {Map<string, HTMLLIElement>} */
const items = new Map();
/** Ids in the server's order, of everything or of what was looked for. */
let order = /** @type {string[]} */ ([]);
let shown = /** @type {string[]} */ ([]);
let filter = '';
let text = '';
/** @type {Map<string, Row> | null} */
let found = null;
let selected = '';
/** Whether the open study was brought into view: once, or the list would move under the pointer. */
let brought = false;
/** What is to be done before a first study can come; empty once one came. @type {import('/assets/live.js').Head | null} */
let before = null;
let choose = /** @type {(id: string) => void} */ (() => {});

export const row = (/** @type {string} */ id) => found?.get(id) ?? rows.get(id);

/** @param {import('/assets/live.js').Changes} c */
export function take(c) {
  for (const r of c.rows) rows.set(r.id, r);
  if (c.order) {
    order = c.order;
    const keep = new Set(order);
    for (const id of rows.keys()) if (!keep.has(id)) rows.delete(id);
  }
  if (c.head) { filters(c.head); before = c.head.counts.studies === 0 ? c.head : null; }
  if (filter || text) void look(); else settle();
}

let looking = false;
let lookAgain = false;
async function look() {
  if (looking) { lookAgain = true; return; }
  looking = true;
  try {
    const answer = await (await ask('/api/find', { filter, find: text })).json();
    found = new Map(answer.rows.map((/** @type {Row} */ r) => [r.id, r]));
    settle();
  } catch { /* the fixed line and the lights say what is wrong */ }
  looking = false;
  if (lookAgain) { lookAgain = false; if (filter || text) void look(); }
}

/** Draws; keeps the order while the pointer or the focus is in the list. @param {boolean} [force] */
function settle(force) {
  const wanted = found ? [...found.keys()] : order;
  const list = $('rows');
  const busy = !force && shown.length > 0 && (list.matches(':hover') || list.contains(document.activeElement));
  const inOrder = wanted.length === shown.length && wanted.every((id, n) => shown[n] === id);
  const fresh = /** @type {HTMLButtonElement} */ ($('fresh'));
  if (busy && !inOrder) {
    const place = new Map(shown.map((id, n) => [id, n]));
    const kept = shown.filter((id) => row(id));
    let n = 0;
    let last = -1;
    for (const id of wanted) {
      const at = place.get(id);
      if (at === undefined || at < last) n += 1; else last = at;
    }
    draw(kept);
    fresh.textContent = t.fresh(n);
    fresh.hidden = n === 0;
  } else {
    fresh.hidden = true;
    draw(wanted);
  }
  const empty = $('empty');
  empty.hidden = shown.length > 0;
  if (before && !empty.hidden && !filter && !text) setup(empty, before);
  else {
    delete empty.dataset.shape;
    empty.textContent = filter || text ? t.noMatch : t.nothing;
  }
}

/** The way to a first study. @param {HTMLElement} where @param {Head} head */
function setup(where, head) {
  const light = (/** @type {string} */ name) => head.lights.lights.find((l) => l.name === name);
  const steps = t.setup(head.destination, location.hostname);
  const list = el('ol', 'setup');
  for (const [title, words, name] of steps) {
    const li = el('li');
    const l = name ? light(name) : undefined;
    li.append(el('strong', '', title), el('span', '', words));
    if (l) li.append(el('span', 'quiet', `${t.lights[/** @type {keyof typeof t.lights} */ (l.name)] ?? l.name}: ${l.words}`));
    list.append(li);
  }
  const shape = list.textContent ?? '';
  if (where.dataset.shape !== shape) { where.dataset.shape = shape; where.replaceChildren(el('h2', '', t.setupTitle), list); }
}

/** @param {string[]} ids */
function draw(ids) {
  shown = ids;
  const list = $('rows');
  const keep = new Set(ids);
  for (const [id, li] of items) if (!keep.has(id)) { li.remove(); items.delete(id); }
  let next = /** @type {Element | null} */ (list.firstElementChild);
  for (const id of ids) {
    const r = row(id);
    if (!r) continue;
    let li = items.get(id);
    if (!li) { li = make(id); items.set(id, li); }
    fill(li, r);
    if (li === next) next = next.nextElementSibling; else list.insertBefore(li, next);
  }
  if (!brought && selected && items.has(selected)) { brought = true; items.get(selected)?.scrollIntoView({ block: 'nearest' }); }
  tick();
}

/** @param {string} id */
function make(id) {
  const li = /** @type {HTMLLIElement} */ (el('li'));
  const a = /** @type {HTMLAnchorElement} */ (el('a', 'row'));
  a.href = `/study/${id}`;
  for (const cls of ['priority', 'study', 'place', 'state', 'age', 'disposition', 'why']) a.append(el('span', cls), ' ');
  a.addEventListener('click', (e) => {
    if (e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    choose(id);
  });
  li.append(a);
  return li;
}

/** @param {HTMLElement} where @param {string} cls @param {string} words */
function put(where, cls, words) {
  const e = /** @type {HTMLElement} */ (where.querySelector(`.${cls}`));
  if (e.textContent !== words) e.textContent = words;
}

/** @param {HTMLLIElement} li @param {Row} r */
function fill(li, r) {
  const a = /** @type {HTMLElement} */ (li.firstElementChild);
  a.dataset.priority = r.priority;
  a.dataset.state = r.state;
  a.dataset.open = String(r.open);
  a.dataset.disposition = r.disposition;
  if (r.id === selected) a.setAttribute('aria-current', 'true'); else a.removeAttribute('aria-current');
  put(a, 'priority', r.priority);
  put(a, 'study', r.study || '(no modality)');
  put(a, 'place', [r.room, r.tail && `…\u2060${r.tail}`].filter(Boolean).join(' '));
  put(a, 'disposition', r.disposition + (r.shadow && r.disposition ? ` (${t.shadow})` : ''));
  put(a, 'why', r.line);
  /** @type {HTMLElement} */ (a.querySelector('.why')).title = r.line;
}

/** What a row's state is now, with seconds that are left. @param {Row} r */
export function stateWords(r) {
  const left = Math.max(0, Math.ceil(((r.leaves_at ?? 0) - now()) / 1000));
  if (r.expected) return `${r.state_words}${r.missing ? t.missing(...r.missing) : ''}; ${t.complete(span(r.expected[0] - now()), r.expected[1])}`;
  return r.state_words.replace('{leaves}', String(left));
}

/** Times go on by the server's clock. */
export function tick() {
  for (const [id, li] of items) {
    const r = row(id);
    if (!r) continue;
    put(li, 'state', stateWords(r));
    put(li, 'age', r.open ? t.waits(span(now() - r.arrived)) : t.came(clock(r.arrived, now())));
  }
}

/** @param {Head} head */
function filters(head) {
  const box = $('filters');
  const all = /** @type {Record<string, number>} */ ({ ...head.counts.dispositions, ...head.counts.cases, sampled: head.outcomes.unread });
  const wanted = [['', t.all, head.counts.studies], ...Object.entries(t.filters).map(([k, words]) => [k, words, all[k] ?? 0])]
    .filter(([k, , n]) => k === '' || k === filter || Number(n) > 0);
  const old = new Map([...box.children].map((b) => [/** @type {HTMLElement} */ (b).dataset.filter, b]));
  box.replaceChildren(...wanted.map(([k, words, n]) => {
    const b = /** @type {HTMLButtonElement} */ (old.get(String(k)) ?? el('button', 'filter'));
    b.type = 'button';
    b.dataset.filter = String(k);
    b.textContent = `${words} ${n}`;
    b.setAttribute('aria-pressed', String(filter === k));
    return b;
  }));
}

/** Marks the open study. @param {string} id */
export function select(id) {
  selected = id;
  brought = items.has(id);
  for (const [other, li] of items) {
    if (other === id) li.firstElementChild?.setAttribute('aria-current', 'true');
    else li.firstElementChild?.removeAttribute('aria-current');
  }
  items.get(id)?.scrollIntoView({ block: 'nearest' });
}

/** The study before or after the open one. @param {number} by */
export function step(by) {
  const at = shown.indexOf(selected);
  const id = shown[at < 0 ? 0 : Math.min(shown.length - 1, Math.max(0, at + by))];
  if (id) choose(id);
}

export function toStat() {
  const id = order.find((i) => rows.get(i)?.priority === 'STAT' && rows.get(i)?.open);
  if (id) choose(id);
}

/** @param {(id: string) => void} then */
export function list(then) {
  choose = then;
  const change = () => {
    if (filter || text) void look(); else { found = null; settle(true); }
  };
  $('filters').addEventListener('click', (e) => {
    const b = /** @type {HTMLElement} */ (e.target).closest('button');
    if (!b) return;
    filter = b.dataset.filter ?? '';
    for (const other of $('filters').children) other.setAttribute('aria-pressed', String(other === b));
    change();
  });
  let wait = 0;
  $('find').addEventListener('input', (e) => {
    text = /** @type {HTMLInputElement} */ (e.target).value.trim();
    clearTimeout(wait);
    wait = setTimeout(change, 200);
  });
  $('fresh').addEventListener('click', () => settle(true));
  $('rows').addEventListener('pointerleave', () => settle());
}
