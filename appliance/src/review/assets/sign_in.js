// Signing in, or choosing a password with the one-time code that stands in the link's fragment.
// @ts-check
import { theme } from '/assets/theme.js';

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const value = (/** @type {string} */ id) => /** @type {HTMLInputElement} */ ($(id)).value;
const demo = document.querySelector('meta[name=demo]')?.getAttribute('content') === 'yes';
const code = location.hash.slice(1);

/** @param {string} where @param {object} what */
async function send(where, what) {
  $('answer').textContent = '';
  try {
    const answer = await fetch(where, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(what) });
    if (answer.ok) {
      // At the place that was asked for, or at the list; the code is gone from the address.
      location.replace(location.pathname.startsWith('/study/') ? location.pathname : '/');
      return true;
    }
    $('answer').textContent = (await answer.json()).error;
  } catch {
    $('answer').textContent = 'The appliance cannot be reached.';
  }
  return false;
}

theme();
if (code) history.replaceState(null, '', location.pathname);
if (code && demo) {
  if (!(await send('/api/setup', { code }))) $('enter').hidden = false;
} else {
  $(code ? 'choose' : 'enter').hidden = false;
  $(code ? 'first' : 'user').focus();
}

$('enter').addEventListener('submit', (e) => {
  e.preventDefault();
  void send('/api/sign-in', { user: value('user'), password: value('password') });
});
$('choose').addEventListener('submit', (e) => {
  e.preventDefault();
  if (value('first') !== value('second')) $('answer').textContent = 'The two are not the same.';
  else void send('/api/setup', { code, password: value('first') });
});
