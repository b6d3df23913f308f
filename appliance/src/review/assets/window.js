// Windowing: stored values to greys as DICOM has it, and what a drag of the mouse does to a window. Both pages of the
// project carry this very file; a test holds the two alike.
// @ts-check

/** One step of a drag is this part of the values' range. */
const STEPS = 1024;

/**
 * The linear VOI function (PS3.3 C.11.2.1.2.1): one opaque grey for each stored value.
 * @param {Uint32Array} table as long as there are stored values
 * @param {{ first: number, step: number }} about value `i` stands for `first + i * step`
 * @param {number} centre @param {number} width at least 1 @param {boolean} invert
 */
export function greys(table, about, centre, width, invert) {
  const w = Math.max(1, width);
  for (let i = 0; i < table.length; i += 1) {
    const x = about.first + i * about.step;
    let y = w > 1 ? ((x - (centre - 0.5)) / (w - 1) + 0.5) * 255 : (x > centre - 0.5 ? 255 : 0);
    y = y < 0 ? 0 : y > 255 ? 255 : Math.round(y);
    if (invert) y = 255 - y;
    table[i] = 0xff000000 | (y << 16) | (y << 8) | y;
  }
}

/**
 * The window after a drag; Cornerstone's directions: right widens, down raises the centre.
 * @param {number} centre @param {number} width @param {number} right @param {number} down pixels
 * @param {{ low: number, high: number }} range of the values shown
 * @returns {[number, number]} centre, width
 */
export function dragged(centre, width, right, down, range) {
  const step = Math.max(range.high - range.low, 1) / STEPS;
  return [centre + down * step, Math.max(1, width + right * step)];
}

/** Smallest and largest value. @param {Uint8Array | Uint16Array} values @param {{ first: number, step: number }} about */
export function extent(values, about) {
  let low = Infinity;
  let high = -Infinity;
  for (const v of values) { if (v < low) low = v; if (v > high) high = v; }
  return { low: about.first + low * about.step, high: about.first + high * about.step };
}
