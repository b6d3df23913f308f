// Where findings were seen: outlines on a grid of 32 x 32 cells over the image.
// @ts-check

/**
 * Outlines each finding on the image and writes its name above.
 * @param {CanvasRenderingContext2D} screen @param {{ name: string, rows: number[] }[]} here those of this image
 * @param {[number, number, number, number]} image left, top, width and height of the image on the canvas
 */
export function paintPlaces(screen, here, [left, top, w, h]) {
  const ratio = devicePixelRatio || 1;
  here.forEach((p, n) => {
    const [cw, ch] = [w / 32, h / 32];
    const inside = (/** @type {number} */ r, /** @type {number} */ c) => r >= 0 && c >= 0 && r < 32 && c < 32 && ((p.rows[r] >>> c) & 1) === 1;
    const lines = new Path2D();
    let first = /** @type {[number, number] | null} */ (null);
    for (let r = 0; r < 32; r += 1) {
      for (let c = 0; c < 32; c += 1) {
        if (!inside(r, c)) continue;
        first ??= [r, c];
        const [x, y] = [left + c * cw, top + r * ch];
        if (!inside(r - 1, c)) { lines.moveTo(x, y); lines.lineTo(x + cw, y); }
        if (!inside(r + 1, c)) { lines.moveTo(x, y + ch); lines.lineTo(x + cw, y + ch); }
        if (!inside(r, c - 1)) { lines.moveTo(x, y); lines.lineTo(x, y + ch); }
        if (!inside(r, c + 1)) { lines.moveTo(x + cw, y); lines.lineTo(x + cw, y + ch); }
      }
    }
    // Dark below light: seen on black and on white alike.
    for (const [colour, wide] of /** @type {[string, number][]} */ ([['#000', 4], ['#7fd0ff', 2]])) {
      screen.strokeStyle = colour;
      screen.lineWidth = wide * ratio;
      screen.stroke(lines);
    }
    if (!first) return;
    screen.font = `${13 * ratio}px system-ui, sans-serif`;
    const at = /** @type {const} */ ([left + first[1] * cw, top + first[0] * ch - (4 + 16 * n) * ratio]);
    screen.strokeStyle = '#000';
    screen.strokeText(p.name, ...at);
    screen.fillStyle = '#7fd0ff';
    screen.fillText(p.name, ...at);
  });
}
