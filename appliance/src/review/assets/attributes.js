// What de-identification does to every attribute of an instance: after, always; before, only while a person holds.
// @ts-check
import { ask, el } from '/assets/ask.js';
import { t } from '/assets/strings.js';

/** @typedef {{ attribute: string, action: string, rule: string, before: string | null, after: string | null }} Row */

/** A part that is filled when it is opened. @param {string} study */
export function attributes(study) {
  const box = /** @type {HTMLDetailsElement} */ (el('details', 'attributes'));
  box.append(el('summary', '', t.attributes.title));
  const number = /** @type {HTMLInputElement} */ (el('input'));
  [number.type, number.min, number.value] = ['number', '1', '1'];
  const label = el('label', 'quiet', `${t.attributes.instance} `);
  label.append(number);
  const hold = /** @type {HTMLButtonElement} */ (el('button', 'before', t.attributes.hold));
  hold.type = 'button';
  const table = el('table');
  const said = el('p', 'answer');
  said.setAttribute('role', 'status');
  box.append(label, ' ', hold, said, table);
  let holding = false;
  /** @param {boolean} before */
  const load = async (before) => {
    const instance = Math.max(0, Number(number.value) - 1 || 0);
    try {
      const got = await (await ask(`/api/study/${study}/attributes`, { instance, before })).json();
      // Released meanwhile: what was before is not shown any more.
      if (before && !holding) return;
      said.textContent = '';
      draw(table, got.attributes, before);
    } catch (error) {
      said.textContent = /** @type {Error} */ (error).message;
    }
  };
  /** @param {boolean} on */
  const look = (on) => {
    if (holding === on) return;
    holding = on;
    if (!on) for (const cell of table.querySelectorAll('td.was')) cell.textContent = '';
    if (on) void load(true);
  };
  box.addEventListener('toggle', () => { if (box.open) void load(false); else { look(false); table.replaceChildren(); } });
  number.addEventListener('change', () => void load(false));
  hold.addEventListener('pointerdown', () => look(true));
  for (const end of ['pointerup', 'pointerleave', 'blur', 'keyup']) hold.addEventListener(end, () => look(false));
  hold.addEventListener('keydown', (e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); look(true); } });
  window.addEventListener('blur', () => look(false));
  return box;
}

/** @param {HTMLElement} table @param {Row[]} rows @param {boolean} before */
function draw(table, rows, before) {
  const head = el('tr');
  head.append(...t.attributes.columns.map((name) => { const th = el('th', '', name); th.setAttribute('scope', 'col'); return th; }));
  table.replaceChildren(head, ...rows.map((row) => {
    const tr = el('tr');
    const action = el('td', 'action', row.action);
    action.title = row.rule;
    tr.append(el('td', '', row.attribute), action, el('td', 'was', before ? row.before ?? '' : ''), el('td', '', row.after ?? ''));
    return tr;
  }));
}
