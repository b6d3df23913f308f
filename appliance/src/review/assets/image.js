// The image: 16-bit values windowed on a 2D canvas as DICOM says, at the preview level that fits the pane.
// No WebGL: thin clients and remote desktops have none.
// @ts-check
import { $, ask, el } from '/assets/ask.js';
import { paintPlaces } from '/assets/places.js';
import { t } from '/assets/strings.js';
import { dragged, extent, greys } from '/assets/window.js';

/**
 * @typedef {{ index: number, instance: number, frame: number, level: number, rows: number, columns: number, first: number,
 *   step: number, window: [number, number], inverted: boolean }} Preview
 * @typedef {{ about: Preview, values: Uint16Array }} Loaded
 */

const CT = [['Stored', 0, 0], ['Brain', 40, 80], ['Subdural', 75, 215], ['Bone', 600, 2800], ['Lung', -600, 1500]];
const OTHER = [['Stored', 0, 0], ['Whole', 0, 1], ['Wide', 0, 1.6], ['Narrow', 0, 0.6], ['Narrower', 0, 0.35]];
/** Values kept in memory, in bytes. */
const KEEP_BYTES = 96 << 20;

const canvas = /** @type {HTMLCanvasElement} */ ($('canvas'));
const pane = $('pane');
const screen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
const picture = document.createElement('canvas');
const ink = /** @type {CanvasRenderingContext2D} */ (picture.getContext('2d', { alpha: false }));

let study = '';
let modality = '';
/** Frames in order, each with its levels from coarse to fine. @type {Preview[][]} */
let frames = [];
let at = 0;
/** @type {Loaded | null} */
let now = null;
/** @type {Map<number, Uint16Array>} */
const kept = new Map();
let centre = 0;
let width = 1;
let invert = false;
let zoom = 1;
let pan = { x: 0, y: 0 };
let touched = false;
let range = { low: 0, high: 65535 };
const table = new Uint32Array(65536);
/** @type {ImageData | null} */
let sheet = null;
let due = false;
let sharper = 0;
/** Full resolution is wanted whatever the zoom. */
let whole = false;
/** Stops a full frame that is on its way. @type {AbortController | null} */
let coming = null;
/** Previews whose full frame could not be had: asked again only when a person does. @type {Set<number>} */
const refused = new Set();
/** What leaves black, in pixels of the full image. @typedef {{ instance: number, everywhere: boolean, x0: number, y0: number, x1: number, y1: number }} Area */
/** @type {Area[]} */
let areas = [];
/** Where findings were seen, on 32 x 32 cells over the image. @typedef {{ name: string, instance: number, frame: number, rows: number[] }} Place */
/** @type {Place[]} */
let places = [];
/** Whether they are outlined: only while asked for, so that nobody reads the outline before the image. */
let placed = false;
/** Shown as they leave, or as outlines with what is under them. */
let outlined = false;
/** Draws an area: called with it once, or with nothing when it was given up. @type {((area: Area | null) => void) | null} */
let drawing = null;
/** @type {{ x: number, y: number } | null} */
let corner = null;
/** @type {{ x: number, y: number }} */
let hand = { x: 0, y: 0 };

/** Shows a study's previews; the same ones again change nothing. @param {string} id @param {string} kind @param {Preview[]} previews @param {string} words why there is none */
export function show(id, kind, previews, words) {
  const same = id === study && previews.length === frames.reduce((n, f) => n + f.filter((p) => p.index >= 0).length, 0);
  if (same && previews.length > 0) return;
  study = id;
  modality = kind;
  kept.clear();
  refused.clear();
  coming?.abort();
  press(false);
  now = null;
  const by = new Map();
  for (const p of previews) {
    const key = `${p.instance}/${p.frame}`;
    by.set(key, [...(by.get(key) ?? []), p]);
  }
  frames = [...by.values()].map((levels) => levels.sort((/** @type {Preview} */ a, /** @type {Preview} */ b) => b.level - a.level));
  at = Math.floor((frames.length - 1) / 2);
  touched = false;
  const empty = $('image-empty');
  empty.textContent = words;
  empty.hidden = frames.length > 0;
  for (const chip of ['cap-frame', 'cap-window']) $(chip).textContent = '';
  const strip = /** @type {HTMLInputElement} */ ($('frame'));
  $('strip').hidden = frames.length < 2;
  $('full').hidden = frames.every((levels) => levels[levels.length - 1].level === 0);
  strip.max = String(Math.max(0, frames.length - 1));
  presetsFor();
  fit();
  paint();
  if (frames.length > 0) void go(Math.max(0, at));
}

/** Takes the image off the screen and out of memory. */
export function clear() { places = []; placed = false; show('', '', [], ''); }

/** @param {Preview} p @returns {Promise<Uint16Array>} */
async function values(p) {
  const known = kept.get(p.index);
  if (known) return known;
  const where = p.index < 0 ? `full/${-1 - p.index}` : `frame/${p.index}`;
  return keep(p, await ask(`/api/study/${study}/${where}`));
}

/** @param {Preview} p @param {Response} answer @returns {Promise<Uint16Array>} */
async function keep(p, answer) {
  const buffer = await answer.arrayBuffer();
  if (buffer.byteLength !== p.rows * p.columns * 2) throw new Error('its size is not the recorded one');
  const got = new Uint16Array(buffer);
  kept.set(p.index, got);
  let bytes = 0;
  for (const v of kept.values()) bytes += v.byteLength;
  for (const [key, v] of kept) {
    if (bytes <= KEEP_BYTES || key === p.index) break;
    bytes -= v.byteLength;
    kept.delete(key);
  }
  return got;
}

/** The coarsest level that has a value for every pixel it is rendered on. @param {Preview[]} levels coarse to fine */
function fitting(levels) {
  const finest = levels[levels.length - 1];
  return (whole ? undefined : levels.find((p) => p.columns >= rendered(finest) * 0.95)) ?? finest;
}

/** On how many columns of the screen an image is rendered. @param {Preview} p */
function rendered(p) { return Math.min(canvas.width / p.columns, canvas.height / p.rows) * p.columns * zoom; }

/** Whether a frame is to be had at full resolution: asked for, or enlarged beyond its finest preview. @param {Preview[]} levels */
function coarse(levels) {
  const finest = levels[levels.length - 1];
  return finest.level > 0 && !refused.has(finest.index) && (whole || rendered(finest) > finest.columns * 1.05);
}

/** Has a worker decode a frame at full resolution; it becomes its finest level. @param {number} n */
async function full(n) {
  const levels = frames[n];
  const finest = levels[levels.length - 1];
  const stop = new AbortController();
  coming = stop;
  $('full-answer').textContent = t.full.coming;
  try {
    const answer = await ask(`/api/study/${study}/full/${finest.index}`, undefined, stop.signal);
    const about = /** @type {Preview} */ ({ ...JSON.parse(answer.headers.get('x-image') ?? ''), index: -1 - finest.index });
    const got = await keep(about, answer);
    if (stop.signal.aborted) return;
    levels.push(about);
    $('full-answer').textContent = '';
    use({ about, values: got });
  } catch (error) {
    if (stop.signal.aborted) return;
    refused.add(finest.index);
    $('full-answer').textContent = t.full.not(/** @type {Error} */ (error).message);
  }
}

/** @param {boolean} on */
function press(on) {
  whole = on;
  $('full').setAttribute('aria-pressed', String(on));
  $('full-answer').textContent = '';
}

/** Asks for full resolution, or for what fits again. */
function toggle() {
  if ($('full').hidden) return;
  press(!whole);
  refused.clear();
  void go(at);
}

/** Goes to a frame: its coarsest level at once, then the one that fits. @param {number} n */
async function go(n) {
  const levels = frames[n];
  const mine = study;
  if (!levels) return;
  at = n;
  coming?.abort();
  $('full-answer').textContent = '';
  /** @type {HTMLInputElement} */ ($('frame')).value = String(n);
  $('cap-frame').textContent = frames.length > 1 ? t.frame(n + 1, frames.length) : '';
  const fits = fitting(levels);
  const wanted = levels[0] === fits || kept.has(fits.index) ? [fits] : [levels[0], fits];
  for (const p of wanted) {
    try {
      const got = await values(p);
      if (study !== mine || at !== n) return;
      use({ about: p, values: got });
    } catch (error) {
      if (study !== mine || at !== n) return;
      $('image-empty').textContent = t.damaged(/** @type {Error} */ (error).message);
      $('image-empty').hidden = false;
      return;
    }
  }
  if (coarse(levels)) await full(n);
}

/** @param {Loaded} loaded */
function use(loaded) {
  now = loaded;
  $('image-empty').hidden = true;
  const { about, values: v } = loaded;
  range = extent(v, about);
  if (!touched) { [centre, width] = about.window; invert = about.inverted; }
  sheet = null;
  later();
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
  const { about, values: v } = now;
  greys(table, about, centre, width, invert);
  if (!sheet || sheet.width !== about.columns || sheet.height !== about.rows) {
    picture.width = about.columns;
    picture.height = about.rows;
    sheet = ink.createImageData(about.columns, about.rows);
  }
  const out = new Uint32Array(sheet.data.buffer);
  for (let i = 0; i < out.length; i += 1) out[i] = table[v[i]];
  ink.putImageData(sheet, 0, 0);
  const scale = Math.min(canvas.width / about.columns, canvas.height / about.rows) * zoom;
  const [w, h] = [about.columns * scale, about.rows * scale];
  screen.imageSmoothingEnabled = scale < 4;
  screen.drawImage(picture, (canvas.width - w) / 2 + pan.x, (canvas.height - h) / 2 + pan.y, w, h);
  paintAreas(about, scale);
  if (placed) {
    const here = places.filter((p) => p.instance === about.instance && p.frame === about.frame);
    paintPlaces(screen, here, [(canvas.width - w) / 2 + pan.x, (canvas.height - h) / 2 + pan.y, w, h]);
  }
  $('cap-window').textContent = `${t.window(Math.round(centre), Math.round(width), invert)} · ${t.size(about.columns, about.rows, about.level)}`;
  $('invert').setAttribute('aria-pressed', String(invert));
}

/** Areas on this image, black as they leave or outlined; and the one being drawn. @param {Preview} about @param {number} scale canvas pixels per pixel of the level */
function paintAreas(about, scale) {
  const one = scale / 2 ** about.level;
  const [left, top] = [(canvas.width - about.columns * scale) / 2 + pan.x, (canvas.height - about.rows * scale) / 2 + pan.y];
  screen.lineWidth = Math.max(1, devicePixelRatio || 1);
  screen.strokeStyle = '#e0a030';
  for (const a of areas.filter((b) => b.everywhere || b.instance === about.instance)) {
    const box = /** @type {const} */ ([left + a.x0 * one, top + a.y0 * one, (a.x1 - a.x0) * one, (a.y1 - a.y0) * one]);
    screen.fillStyle = '#000';
    if (!outlined) screen.fillRect(...box);
    screen.strokeRect(...box);
  }
  if (corner) screen.strokeRect(corner.x, corner.y, hand.x - corner.x, hand.y - corner.y);
}

/** Where findings were seen. @param {Place[]} found */
export function seen(found) { places = found; later(); }

/** Outlines where findings were seen, while asked for. @param {boolean} on */
export function outline(on) { if (placed !== on) { placed = on; later(); } }

/** Areas of the case that is shown. @param {Area[]} redacted */
export function cover(redacted) { areas = redacted; later(); }

/** Lets a person draw one area; Escape gives it up. @returns {Promise<Area | null>} */
export function draw() {
  drawing?.(null);
  canvas.classList.add('drawing');
  canvas.focus();
  return new Promise((done) => {
    drawing = (area) => {
      drawing = null;
      corner = null;
      canvas.classList.remove('drawing');
      later();
      done(area);
    };
  });
}

/** @param {PointerEvent} e */
function place(e) {
  const ratio = devicePixelRatio || 1;
  const bounds = canvas.getBoundingClientRect();
  return { x: (e.clientX - bounds.left) * ratio, y: (e.clientY - bounds.top) * ratio };
}

/** The area between two places on the canvas, within the image. @param {{x: number, y: number}} a @param {{x: number, y: number}} b @returns {Area | null} */
function between(a, b) {
  if (!now) return null;
  const { about } = now;
  const scale = Math.min(canvas.width / about.columns, canvas.height / about.rows) * zoom;
  const one = scale / 2 ** about.level;
  const [left, top] = [(canvas.width - about.columns * scale) / 2 + pan.x, (canvas.height - about.rows * scale) / 2 + pan.y];
  // A level drops an odd last row or column: what reaches its edge reaches the edge of the image.
  const most = (/** @type {number} */ n) => (n + 1) * 2 ** about.level;
  const at = (/** @type {number} */ v, /** @type {number} */ from, /** @type {number} */ n) => Math.min(most(n), Math.max(0, (v - from) / one));
  const x0 = Math.floor(at(Math.min(a.x, b.x), left, about.columns));
  const y0 = Math.floor(at(Math.min(a.y, b.y), top, about.rows));
  const x1 = Math.ceil(at(Math.max(a.x, b.x), left, about.columns));
  const y1 = Math.ceil(at(Math.max(a.y, b.y), top, about.rows));
  return x1 - x0 > 2 && y1 - y0 > 2 ? { instance: about.instance, everywhere: true, x0, y0, x1, y1 } : null;
}

function fit() {
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(pane.clientWidth * ratio));
  canvas.height = Math.max(1, Math.round(pane.clientHeight * ratio));
}

const presets = () => (modality === 'CT' ? CT : OTHER);

function presetsFor() {
  $('presets').replaceChildren(...presets().map(([name], n) => {
    const b = /** @type {HTMLButtonElement} */ (el('button', 'preset', String(name)));
    b.type = 'button';
    b.append(' ', el('kbd', '', String(n + 1)));
    b.addEventListener('click', () => preset(n));
    return b;
  }));
}

/** @param {number} n from 0 */
function preset(n) {
  if (!now || !presets()[n]) return;
  const [, c, w] = /** @type {[string, number, number]} */ (presets()[n]);
  touched = true;
  const [c0, w0] = now.about.window;
  if (n === 0) [centre, width] = [c0, w0];
  else if (modality === 'CT') [centre, width] = [c, w];
  else if (w === 1) [centre, width] = [(range.low + range.high) / 2, Math.max(1, range.high - range.low)];
  else [centre, width] = [c0, w0 * w];
  later();
}

function reset() {
  if (!now) return;
  [centre, width] = now.about.window;
  invert = now.about.inverted;
  touched = false;
  zoom = 1;
  pan = { x: 0, y: 0 };
  later();
}

/** @param {number} by */
function scale(by) {
  zoom = Math.min(20, Math.max(0.2, zoom * by));
  later();
  clearTimeout(sharper);
  sharper = setTimeout(() => { if (now && (fitting(frames[at]).level < now.about.level || coarse(frames[at]))) void go(at); }, 150);
}
function flip() { invert = !invert; touched = true; later(); }
/** @param {number} n */
function turn(n) { void go(Math.min(frames.length - 1, Math.max(0, n))); }

/** A key for the image; whether it was one. @param {string} key */
export function key(key) {
  if (!now) return false;
  if (/^[1-5]$/.test(key)) preset(Number(key) - 1);
  else if (key === 'i') flip();
  else if (key === 'l') toggle();
  else if (key === '0' || key === ' ') reset();
  else if (key === '+' || key === '=') scale(1.25);
  else if (key === '-' || key === '−') scale(0.8);
  else if (key === 'ArrowUp') turn(at - 1);
  else if (key === 'ArrowDown') turn(at + 1);
  else if (key === 'Home') turn(0);
  else if (key === 'End') turn(frames.length - 1);
  else if (key === 'm') { outlined = !outlined; later(); }
  else if (key === 'Escape' && drawing) drawing(null);
  else return false;
  return true;
}

/** @param {PointerEvent} e */
function drag(e) {
  if (!now || e.buttons === 0) return;
  if (corner) { hand = place(e); later(); return; }
  const [dx, dy] = [e.movementX, e.movementY];
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

export function viewer() {
  canvas.addEventListener('pointerdown', (e) => {
    canvas.setPointerCapture(e.pointerId);
    canvas.focus();
    e.preventDefault();
    if (drawing && e.button === 0) { corner = place(e); hand = corner; }
  });
  canvas.addEventListener('pointerup', (e) => { if (drawing && corner) drawing(between(corner, place(e))); });
  canvas.addEventListener('pointermove', drag);
  canvas.addEventListener('contextmenu', (e) => e.preventDefault());
  canvas.addEventListener('wheel', (e) => {
    e.preventDefault();
    if (frames.length > 1) turn(at + Math.sign(e.deltaY)); else scale(e.deltaY < 0 ? 1.1 : 1 / 1.1);
  }, { passive: false });
  $('invert').addEventListener('click', flip);
  $('full').addEventListener('click', toggle);
  $('reset').addEventListener('click', reset);
  $('frame').addEventListener('input', (e) => turn(Number(/** @type {HTMLInputElement} */ (e.target).value)));
  new ResizeObserver(() => { fit(); later(); }).observe(pane);
}

/** @param {string} words */
export function caption(words) { $('cap-study').textContent = words; }
