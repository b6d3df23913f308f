// The technician's note: shown with who wrote it and when, and written in a dialog of its own.
// @ts-check
import { $, el } from '/assets/ask.js';
import { clock, t } from '/assets/strings.js';

/** @typedef {{ note: null | { text: string, by: string | null, at: number | null }, note_not: string | null }} Noted */

/** What is shown of it, and the button. @param {Noted} c @param {number} now @param {() => void} press @returns {Node[]} */
export function shown(c, now, press) {
  const b = /** @type {HTMLButtonElement} */ (el('button', 'do write-note', c.note ? t.note.change : t.note.write));
  b.type = 'button';
  b.append(' ', el('kbd', '', 'T'));
  b.setAttribute('aria-keyshortcuts', 'T');
  b.setAttribute('aria-disabled', String(c.note_not !== null));
  b.title = c.note_not ?? '';
  b.addEventListener('click', press);
  if (!c.note) return [b];
  const by = c.note.at ? [el('p', 'quiet', t.note.by(c.note.by ?? '', clock(c.note.at, now)))] : [];
  return [el('p', 'note', c.note.text), ...by, b];
}

/** Lets a person write it; null when it was given up or is the same. @param {Noted} c @returns {Promise<string | null>} */
export async function written(c) {
  const dialog = /** @type {HTMLDialogElement} */ ($('note'));
  const input = /** @type {HTMLTextAreaElement} */ ($('note-text'));
  const before = c.note?.text ?? '';
  $('note-title').textContent = t.note.title;
  $('note-words').textContent = t.note.words;
  input.value = before;
  dialog.returnValue = '';
  dialog.showModal();
  input.focus();
  await new Promise((done) => dialog.addEventListener('close', done, { once: true }));
  const text = input.value.trim();
  input.value = '';
  return dialog.returnValue === 'ok' && text !== before ? text : null;
}
