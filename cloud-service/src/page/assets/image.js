// The images of a leased case on a 2D canvas: frames, window, zoom. No WebGL: remote desktops have none.
// @ts-check
import { dragged, extent, greys } from '/assets/window.js';

/**
 * @typedef {{ index: number, kind: string, window: [number, number] | null }} Frame
 * @typedef {{ first: number, step: number, values: Uint8Array, rows: number, columns: number, window: [number, number] }} Loaded
 */

const canvas = /** @type {HTMLCanvasElement} */ (document.getElementById('canvas'));
const pane = /** @type {HTMLElement} */ (canvas.parentElement);
const place = /** @type {HTMLElement} */ (document.getElementById('place'));
const caption = /** @type {HTMLElement} */ (document.getElementById('cap-window'));
const inverter = /** @type {HTMLElement} */ (document.getElementById('invert'));
const screen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
const picture = document.createElement('canvas');
const ink = /** @type {CanvasRenderingContext2D} */ (picture.getContext('2d', { alpha: false, willReadFrequently: true }));
/** As sent, and narrower by these. */
const PRESETS = [1, 0.6, 0.35];
const table = new Uint32Array(256);

/** @type {Frame[]} */
let frames = [];
let base = '';
let at = 0;
/** @type {Loaded | null} */
let now = null;
let [centre, width, invert, touched] = [0, 1, false, false];
let zoom = 1;
let pan = { x: 0, y: 0 };
let range = { low: 0, high: 255 };
let due = false;
let told = /** @type {(words: string, lost?: boolean) => void} */ (() => {});
let seen = () => {};

/**
 * What the eight bits of a frame stand for: of the window that the site applied, or of the values themselves.
 * @param {Frame} f @param {Uint8Array} values @returns {{ first: number, step: number, window: [number, number] }}
 */
function meaning(f, values) {
  if (f.kind === 'png16') {
    // The browser hands out the upper eight of sixteen bits.
    const about = { first: 0, step: 257 };
    const { low, high } = extent(values, about);
    return { ...about, window: f.window ?? [(low + high) / 2 + 0.5, high - low + 1] };
  }
  // With no window told, centre 128 and width 256 show the eight bits as they are.
  const [c, w] = f.window ?? [128, 256];
  return { first: c - 0.5 - (w - 1) / 2, step: (w - 1) / 255, window: [c, w] };
}

/** @param {number} to */
async function go(to) {
  if (frames.length === 0) return;
  const n = Math.max(0, Math.min(frames.length - 1, to));
  at = n;
  place.textContent = `${n + 1} of ${frames.length}`;
  try {
    const answer = await fetch(`${base}/frame/${frames[n].index}`);
    if (!answer.ok) throw new Error();
    const bitmap = await createImageBitmap(await answer.blob(), { colorSpaceConversion: 'none' });
    if (n !== at) return;
    picture.width = bitmap.width;
    picture.height = bitmap.height;
    ink.drawImage(bitmap, 0, 0);
    const rgba = ink.getImageData(0, 0, bitmap.width, bitmap.height).data;
    const values = new Uint8Array(rgba.length / 4);
    for (let i = 0; i < values.length; i += 1) values[i] = rgba[4 * i];
    now = { ...meaning(frames[n], values), values, rows: bitmap.height, columns: bitmap.width };
  } catch {
    if (n === at) told('This frame could not be loaded. Reload the page, or return the case.', true);
    return;
  }
  range = extent(now.values, now);
  if (!touched) [centre, width] = now.window;
  canvas.setAttribute('aria-label', `Frame ${n + 1} of ${frames.length}. Drag to window, wheel to scroll or zoom.`);
  seen();
  paint();
}

function later() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => { due = false; paint(); });
}

function paint() {
  screen.fillStyle = '#000';
  screen.fillRect(0, 0, canvas.width, canvas.height);
  if (!now) return;
  greys(table, now, centre, width, invert);
  const sheet = ink.createImageData(now.columns, now.rows);
  const out = new Uint32Array(sheet.data.buffer);
  for (let i = 0; i < out.length; i += 1) out[i] = table[now.values[i]];
  ink.putImageData(sheet, 0, 0);
  const scale = Math.min(canvas.width / now.columns, canvas.height / now.rows) * zoom;
  const [w, h] = [now.columns * scale, now.rows * scale];
  screen.imageSmoothingEnabled = scale < 4;
  screen.drawImage(picture, (canvas.width - w) / 2 + pan.x, (canvas.height - h) / 2 + pan.y, w, h);
  caption.textContent = `centre ${Math.round(centre)} width ${Math.round(width)}${invert ? ' inverted' : ''} · ${now.columns} × ${now.rows}`;
  inverter.setAttribute('aria-pressed', String(invert));
}

function fit() {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(pane.clientWidth * ratio));
  canvas.height = Math.max(1, Math.round(pane.clientHeight * ratio));
}

/** @param {number} n from 0 */
function preset(n) {
  if (!now) return;
  touched = n > 0;
  [centre, width] = [now.window[0], Math.max(1, now.window[1] * PRESETS[n])];
  later();
}

function reset() {
  [invert, zoom, pan] = [false, 1, { x: 0, y: 0 }];
  preset(0);
}

function flip() { invert = !invert; later(); }
/** @param {number} by */
function scale(by) { zoom = Math.min(20, Math.max(0.2, zoom * by)); later(); }

/** The way from the last event; `movementX` is in other units on some systems. */
let last = { x: 0, y: 0 };

/** @param {PointerEvent} e */
function drag(e) {
  const [dx, dy] = [e.clientX - last.x, e.clientY - last.y];
  last = { x: e.clientX, y: e.clientY };
  if (!now || e.buttons === 0) return;
  if (e.buttons & 1) {
    [centre, width] = dragged(centre, width, dx, dy, range);
    touched = true;
  } else if (e.buttons & 4) {
    const ratio = devicePixelRatio || 1;
    pan = { x: pan.x + dx * ratio, y: pan.y + dy * ratio };
  } else if (e.buttons & 2) {
    scale(1 - dy / 200);
  }
  later();
}

/** A key for the image; whether it was one. @param {string} key */
export function key(key) {
  if (!now) return false;
  if (/^[1-3]$/.test(key)) preset(Number(key) - 1);
  else if (key === 'i') flip();
  else if (key === '0' || key === ' ') reset();
  else if (key === '+' || key === '=') scale(1.25);
  else if (key === '-' || key === '−') scale(0.8);
  else if (key === 'ArrowUp' || key === 'ArrowLeft') void go(at - 1);
  else if (key === 'ArrowDown' || key === 'ArrowRight') void go(at + 1);
  else if (key === 'Home') void go(0);
  else if (key === 'End') void go(frames.length - 1);
  else return false;
  return true;
}

/**
 * Shows the frames, the middle one first.
 * @param {string} where @param {Frame[]} all @param {() => void} first when a frame is on the screen
 * @param {(words: string, lost?: boolean) => void} say
 */
export function show(where, all, first, say) {
  [base, frames, seen, told] = [where, all, first, say];
  for (const id of ['previous', 'next']) /** @type {HTMLElement} */ (document.getElementById(id)).hidden = all.length < 2;
  void go(Math.floor((all.length - 1) / 2));
}

canvas.addEventListener('pointerdown', (e) => {
  last = { x: e.clientX, y: e.clientY };
  canvas.setPointerCapture(e.pointerId);
  canvas.focus();
  e.preventDefault();
});
canvas.addEventListener('pointermove', drag);
canvas.addEventListener('contextmenu', (e) => e.preventDefault());
canvas.addEventListener('wheel', (e) => {
  e.preventDefault();
  if (frames.length > 1) void go(at + Math.sign(e.deltaY)); else scale(e.deltaY < 0 ? 1.1 : 1 / 1.1);
}, { passive: false });
for (const [id, press] of /** @type {[string, () => void][]} */ ([['previous', () => void go(at - 1)], ['next', () => void go(at + 1)],
  ['invert', flip], ['reset', reset], ['preset-1', () => preset(0)], ['preset-2', () => preset(1)], ['preset-3', () => preset(2)]])) {
  document.getElementById(id)?.addEventListener('click', press);
}
new ResizeObserver(() => { fit(); later(); }).observe(pane);
