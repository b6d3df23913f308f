// A leased case: opens the images, shows the draft after them, keeps the lease while the page is open.
const root = /** @type {HTMLElement} */ (document.getElementById('case'));
const contact = /** @type {HTMLElement} */ (document.getElementById('contact'));
const image = /** @type {HTMLImageElement} */ (document.getElementById('frame'));
const place = /** @type {HTMLElement} */ (document.getElementById('place'));
const facts = /** @type {HTMLElement} */ (document.getElementById('facts'));
const draft = /** @type {HTMLElement} */ (document.getElementById('draft'));
const renewal = /** @type {HTMLFormElement} */ (document.getElementById('renew'));
const base = `/case/${root.dataset.case}`;
/** @type {string[]} */
let frames = [];
let at = 0;
let shown = false;

/** @param {string} text @param {boolean} lost */
function say(text, lost = false) {
  contact.textContent = text;
  contact.classList.toggle('lost', lost);
}

/** @param {number} to */
function show(to) {
  if (frames.length === 0) return;
  at = Math.max(0, Math.min(frames.length - 1, to));
  image.src = `${base}/frame/${frames[at]}`;
  image.alt = `Frame ${at + 1} of ${frames.length} of the study`;
  place.textContent = `${at + 1} of ${frames.length}`;
}

image.addEventListener('load', async () => {
  image.hidden = false;
  if (shown) return;
  shown = true;
  say('');
  const answer = await fetch(`${base}/draft`);
  draft.innerHTML = answer.ok ? await answer.text() : '<p role="alert">The draft could not be loaded.</p>';
});
image.addEventListener('error', () => say('This frame could not be loaded. Reload the page, or return the case.', true));

async function open() {
  const answer = await fetch(`${base}/facts`);
  if (!answer.ok) {
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    say(page.querySelector('[role="alert"]')?.textContent ?? 'The case could not be opened.', true);
    return;
  }
  facts.innerHTML = await answer.text();
  const list = facts.querySelector('[data-frames]')?.getAttribute('data-frames') ?? '';
  frames = list === '' ? [] : list.split(',');
  if (frames.length === 0) say('');
  show(0);
}

async function renew() {
  const answer = await fetch(`${base}/renew`, { method: 'POST', body: new URLSearchParams(/** @type {any} */ (new FormData(renewal))) });
  if (!answer.ok) say('Your lease ended or somebody took the case over. Nothing you write here can be sent.', true);
}

document.getElementById('previous')?.addEventListener('click', () => show(at - 1));
document.getElementById('next')?.addEventListener('click', () => show(at + 1));
const invert = document.getElementById('invert');
invert?.addEventListener('click', () => invert.setAttribute('aria-pressed', String(image.classList.toggle('inverted'))));
document.addEventListener('keydown', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
  const steps = { ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: frames.length - 1 };
  if (event.key in steps && frames.length > 1) {
    event.preventDefault();
    show(steps[/** @type {keyof typeof steps} */ (event.key)]);
  } else if (event.key === 'i' || event.key === 'I') {
    invert?.click();
  }
});
setInterval(() => void renew().catch(() => say('Contact lost. The lease ends by itself if it stays lost.', true)), 30000);
void open().catch(() => say('Contact lost while opening the case.', true));
