// A one-time link: its code stands in the fragment, which no browser sends; it is asked about and used in a body.
// @ts-check

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const code = location.hash.slice(1);
// The code is gone from the address and from the history before anything else happens.
if (code) history.replaceState(null, '', location.pathname);

async function ask() {
  const answer = await fetch('/welcome/code', { method: 'POST', body: new URLSearchParams({ code }) });
  const text = await answer.text();
  if (answer.ok) {
    $('welcome').innerHTML = text;
    /** @type {HTMLElement | null} */ ($('welcome').querySelector('input:not([type=hidden]), button'))?.focus();
    return;
  }
  const page = new DOMParser().parseFromString(text, 'text/html');
  $('said').textContent = page.querySelector('[role="alert"]')?.textContent ?? 'The link could not be used.';
}

if (code) void ask().catch(() => { $('said').textContent = 'The cloud cannot be reached. Open the link again.'; });
else if (!document.querySelector('#welcome form')) $('said').textContent = 'This address needs the code of a one-time link: open the whole link.';
