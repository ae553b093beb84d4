// Reads a QR code from its squares (ISO/IEC 18004), without correcting errors: a drawing has none.

/** Check bytes a block and number of blocks of versions 1 to 16, for the levels L, M, Q, H. */
const BLOCKS = {
  L: [[7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24], [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6]],
  M: [[10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28], [1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10]],
  Q: [[13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24], [1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17]],
  H: [[17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30], [1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16]],
};
const LEVELS = ["M", "L", "H", "Q"];
const MASKS = [
  (x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2, (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2, (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** Where the middles of the alignment squares are, along a side. */
function alignments(version) {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.ceil((version * 4 + 4) / (count * 2 - 2)) * 2;
  const places = Array.from({ length: count - 1 }, (_, index) => version * 4 + 10 - index * step);
  return [6, ...places.reverse()];
}

/** The text that a drawing holds: `box` is its viewBox, `path` has a square for each dark module. */
export function textOf(box, path) {
  const size = Number(box.split(" ")[2]) - 8;
  const version = (size - 17) / 4;
  const dark = new Set(path.match(/M\d+ \d+(?=h1v1h-1z)/g).map((one) => one.slice(1).split(" ").map((at) => at - 4).join()));
  const at = (x, y) => dark.has(`${x},${y}`);

  const code = [at(0, 8), at(1, 8), at(2, 8), at(3, 8), at(4, 8)].reduce((sum, bit) => sum * 2 + bit, 0) ^ 0b10101;
  const level = LEVELS[code >> 3];
  const mask = MASKS[code & 7];

  const middles = alignments(version);
  const last = middles.length - 1;
  const reserved = (x, y) =>
    x === 6 || y === 6 || (x < 9 && y < 9) || (x >= size - 8 && y < 9) || (x < 9 && y >= size - 8) ||
    (version >= 7 && ((x >= size - 11 && y < 6) || (y >= size - 11 && x < 6))) ||
    middles.some((cx, i) => middles.some((cy, j) =>
      !((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) && Math.abs(x - cx) <= 2 && Math.abs(y - cy) <= 2));

  const bits = [];
  let upward = true;
  for (let right = size - 1; right > 0; right -= 2) {
    if (right === 6) right -= 1;
    for (let step = 0; step < size; step += 1) {
      const y = upward ? size - 1 - step : step;
      for (const x of [right, right - 1]) if (!reserved(x, y)) bits.push(at(x, y) !== (mask(x, y) === 0));
    }
    upward = !upward;
  }
  const bytes = [];
  for (let from = 0; from + 8 <= bits.length; from += 8) bytes.push(bits.slice(from, from + 8).reduce((sum, bit) => sum * 2 + bit, 0));

  // The blocks are laid one byte of each in turn; the later ones may be a byte longer.
  const [checks, counts] = BLOCKS[level];
  const count = counts[version - 1];
  const short = Math.floor(bytes.length / count) - checks[version - 1];
  const longer = bytes.length % count;
  const blocks = Array.from({ length: count }, () => []);
  let next = 0;
  for (let index = 0; index <= short; index += 1) {
    blocks.forEach((block, which) => {
      if (index < short || which >= count - longer) block.push(bytes[next++]);
    });
  }
  const data = blocks.flat().map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const number = (from, length) => parseInt(data.slice(from, from + length), 2);
  if (number(0, 4) !== 0b0100) throw new Error(`not a text of bytes: ${data.slice(0, 4)}`);
  const width = version < 10 ? 8 : 16;
  const length = number(4, width);
  return Buffer.from(Array.from({ length }, (_, index) => number(4 + width + index * 8, 8))).toString("utf8");
}
