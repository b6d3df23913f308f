// Keeps the queue fresh: one event stream; rows never move under the pointer or the focus.
const live = /** @type {HTMLElement} */ (document.getElementById('live'));
const contact = /** @type {HTMLElement} */ (document.getElementById('contact'));
const SILENCE_MS = 35000;
let heard = Date.now();
let waiting = false;

function busy() {
  return live.matches(':hover') || live.contains(document.activeElement);
}

async function refresh() {
  if (busy()) {
    waiting = true;
    contact.textContent = 'Something changed; the rows are renewed when you leave them.';
    return;
  }
  waiting = false;
  const answer = await fetch(live.dataset.rows ?? '/rows', { redirect: 'manual' });
  if (answer.type === 'opaqueredirect') {
    contact.textContent = 'Your session ended. Sign in again; nothing is lost.';
    contact.classList.add('lost');
    return;
  }
  if (!answer.ok) return;
  live.innerHTML = await answer.text();
  const stat = Number(live.querySelector('.tiles .stat strong')?.textContent ?? 0);
  document.title = (stat > 0 ? `(${stat} STAT) ` : '') + 'Queue - Scanside';
}

function fresh() {
  heard = Date.now();
  contact.textContent = '';
  contact.classList.remove('lost');
  live.classList.remove('stale');
}

const stream = new EventSource('/events');
stream.addEventListener('rows', () => { fresh(); void refresh().catch(() => {}); });
live.addEventListener('pointerleave', () => { if (waiting) void refresh().catch(() => {}); });
live.addEventListener('focusout', () => { if (waiting) setTimeout(() => void refresh().catch(() => {}), 0); });
setInterval(() => {
  const age = Date.now() - heard;
  if (age > SILENCE_MS) {
    contact.textContent = `Contact lost ${Math.round(age / 1000)} s ago. What you see is that old.`;
    contact.classList.add('lost');
    live.classList.add('stale');
  }
}, 1000);
