// A leased case: opens the images, shows the draft after them, keeps the lease while the page is open.
// @ts-check
import * as image from '/assets/image.js';

const root = /** @type {HTMLElement} */ (document.getElementById('case'));
const contact = /** @type {HTMLElement} */ (document.getElementById('contact'));
const facts = /** @type {HTMLElement} */ (document.getElementById('facts'));
const draft = /** @type {HTMLElement} */ (document.getElementById('draft'));
const renewal = /** @type {HTMLFormElement} */ (document.getElementById('renew'));
const base = `/case/${root.dataset.case}`;
let shown = false;

/** @param {string} text @param {boolean} [lost] */
function say(text, lost = false) {
  contact.textContent = text;
  contact.classList.toggle('lost', lost);
}

async function first() {
  if (shown) return;
  shown = true;
  say('');
  const answer = await fetch(`${base}/draft`);
  draft.innerHTML = answer.ok ? await answer.text() : '<p role="alert">The draft could not be loaded.</p>';
}

async function open() {
  const answer = await fetch(`${base}/facts`);
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    say(page.querySelector('[role="alert"]')?.textContent ?? 'The case could not be opened.', true);
    return;
  }
  facts.innerHTML = await answer.text();
  const list = facts.querySelector('[data-frames]')?.getAttribute('data-frames') ?? '[]';
  const frames = /** @type {import('/assets/image.js').Frame[]} */ (JSON.parse(list));
  if (frames.length === 0) {
    say('');
    draft.textContent = 'There is no image to open, so there is nothing to sign here.';
    return;
  }
  image.show(base, frames, () => void first().catch(() => say('Contact lost while opening the draft.', true)), say);
}

async function renew() {
  const answer = await fetch(`${base}/renew`, { method: 'POST', body: new URLSearchParams(/** @type {any} */ (new FormData(renewal))) });
  if (!answer.ok) say('Your lease ended or somebody took the case over. Nothing you write here can be sent.', true);
}

document.addEventListener('keydown', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
  // Space and Enter belong to a focused button or link.
  if (event.key === ' ' && /^(BUTTON|A)$/.test(target.tagName)) return;
  if (image.key(event.key.length === 1 ? event.key.toLowerCase() : event.key)) event.preventDefault();
});
setInterval(() => void renew().catch(() => say('Contact lost. The lease ends by itself if it stays lost.', true)), 30000);
void open().catch(() => say('Contact lost while opening the case.', true));
