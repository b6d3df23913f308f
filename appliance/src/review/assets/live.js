// What the appliance says by itself: one stream of events, asking every few seconds when there is none, and
// whether it is still heard. Times are the server's: the page's own clock may be wrong.
// @ts-check
import { ask, lock } from '/assets/ask.js';

const LOST_MS = 35_000;
const POLL_MS = 5_000;

/**
 * @typedef {{ id: string, revision: number, priority: string, study: string, room: string, tail: string, instances: number,
 *   arrived: number, state: string, state_words: string, leaves_at: number | null, expected: [number, string] | null, missing: [number, number] | null, beside: number, corrected: number, collisions: number,
 *   disposition: string, line: string, shadow: boolean, open: boolean, case_state: string | null, acknowledged_by: string | null }} Row
 * @typedef {{ name: string, state: string, words: string }} Light
 * @typedef {{ lights: { site: string, mode: string, lights: Light[], demo: boolean },
 *   counts: { studies: number, dispositions: Record<string, number>, cases: Record<string, number> },
 *   line: { level: string, words: string, since: number | null },
 *   destinations: { name: string, state: string, words: string, waiting: number, oldest: number | null, dead: number }[],
 *   refused: { ae_title: string, address: string, reason: string, last_at: number, times: number, config: string }[],
 *   outcomes: { answered: number, no_flag: number, flag: number, escalated_between: number, escalated_input_check: number, escalated_withdrawn: number,
 *     not_analysed: number, unreadable: number, local_share: number | null, overrides: Record<string, number>, reads: number, reads_against: number,
 *     unread: number, cloud_signed: number, cloud_closed: number, calls: [number, number], to_verdict: { count: number, p50: number, p95: number },
 *     to_open: { count: number, p50: number, p95: number } },
 *   watches: { bundle: string, level: string, why: string, studies: number, learned: boolean, no_flag: { reads: number, hidden: number },
 *     accepted: { who: string } | null }[],
 *   reading_room: string, destination: [string, number] | null, stat: number }} Head
 * @typedef {{ now: number, head?: Head, order?: string[], rows: Row[] }} Changes
 */

let heard = performance.now();
let offset = 0;
let stream = /** @type {EventSource | null} */ (null);
let polling = 0;
let listener = /** @type {(c: Changes) => void} */ (() => {});

/** The server's present, in ms. */
export const now = () => Date.now() + offset;
/** For how long nothing was heard, in ms. */
export const silence = () => performance.now() - heard;
export const lost = () => silence() > LOST_MS;

/** @param {number} server */
function hear(server) {
  heard = performance.now();
  offset = server - Date.now();
}

/** @param {string} data @param {boolean} whole */
function take(data, whole) {
  const c = /** @type {Changes} */ (JSON.parse(data));
  hear(c.now);
  if (whole) c.order = c.rows.map((r) => r.id);
  listener(c);
}

export async function poll() {
  try {
    take(await (await ask('/api/list')).text(), true);
  } catch { /* silence is measured, not guessed from one failure */ }
}

function open() {
  stream?.close();
  stream = new EventSource('/api/live');
  stream.addEventListener('snapshot', (e) => take(e.data, true));
  stream.addEventListener('changes', (e) => take(e.data, false));
  stream.addEventListener('beat', (e) => hear(JSON.parse(e.data).now));
  stream.addEventListener('ended', () => { stream?.close(); stream = null; lock(); });
  stream.addEventListener('error', () => {
    // Refused for good, e.g. too many streams: ask instead, and try again later.
    if (stream?.readyState === EventSource.CLOSED) { stream = null; void poll(); }
  });
}

/** Follows the appliance. @param {(c: Changes) => void} then */
export function follow(then) {
  listener = then;
  open();
  setInterval(() => {
    if (!document.hidden && stream) return;
    // A hidden page gives its connection back (a browser has few for one host) and asks now and then.
    if (document.hidden && stream) { stream.close(); stream = null; }
    polling += 1;
    if (!document.hidden && polling % 6 === 0) open(); else void poll();
  }, POLL_MS);
  document.addEventListener('visibilitychange', () => { if (!document.hidden && !stream) open(); });
}

/** Begins again, after signing in. */
export function again() { open(); }
