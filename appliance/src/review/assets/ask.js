// Asking the appliance: one place that knows the token, the session's end and how refusals are said.
// @ts-check
import { t } from '/assets/strings.js';

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
let csrf = document.querySelector('meta[name=csrf]')?.getAttribute('content') ?? '';

/** An element with a class and text. @param {string} tag @param {string} [cls] @param {string} [text] */
export function el(tag, cls, text) {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  if (text !== undefined) e.textContent = text;
  return e;
}

export { $ };

/** Locks the page over the same place until somebody signs in. */
export function lock() {
  const dialog = /** @type {HTMLDialogElement} */ ($('lock'));
  if (!dialog.open) dialog.showModal();
}

/** Asks; an Error carries the appliance's words. @param {string} where @param {object} [what] @param {AbortSignal} [signal] @returns {Promise<Response>} */
export async function ask(where, what, signal) {
  /** @type {RequestInit} */
  const how = what === undefined
    ? { signal }
    : { method: 'POST', headers: { 'content-type': 'application/json', 'x-csrf': csrf }, body: JSON.stringify(what) };
  let answer;
  try {
    answer = await fetch(where, how);
  } catch {
    throw new Error(t.offline);
  }
  if (answer.status === 401) lock();
  if (!answer.ok) {
    const words = await answer.json().then((a) => a.error, () => answer.statusText);
    throw new Error(words);
  }
  return answer;
}

/** @param {() => void} back what to do once somebody signed in again */
export function locks(back) {
  const dialog = /** @type {HTMLDialogElement} */ ($('lock'));
  dialog.addEventListener('cancel', (e) => e.preventDefault());
  $('lock-form').addEventListener('submit', async (e) => {
    e.preventDefault();
    const user = /** @type {HTMLInputElement} */ ($('lock-user'));
    const password = /** @type {HTMLInputElement} */ ($('lock-password'));
    try {
      const answer = await fetch('/api/sign-in', {
        method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ user: user.value, password: password.value }),
      });
      const said = await answer.json();
      if (!answer.ok) throw new Error(said.error);
      // Another person must not act under the name at the top: the page is then loaded anew at the same place.
      if (said.user !== document.querySelector('meta[name=user]')?.getAttribute('content')) return location.reload();
      csrf = said.csrf;
      password.value = '';
      $('lock-answer').textContent = '';
      dialog.close();
      back();
    } catch (error) {
      $('lock-answer').textContent = error instanceof TypeError ? t.offline : /** @type {Error} */ (error).message;
    }
  });
  $('leave').addEventListener('click', async () => {
    await ask('/api/sign-out', {}).catch(() => {});
    location.replace('/');
  });
}
