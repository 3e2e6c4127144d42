/** Difference of two colours as people see it, CIEDE2000 (Sharma, Wu, Dalal 2005); 1 is just noticeable. */
export function deltaE(one: readonly number[], other: readonly number[]): number {
  const [l1 = 0, a1 = 0, b1 = 0] = labOf(one);
  const [l2 = 0, a2 = 0, b2 = 0] = labOf(other);
  const meanChroma7 = ((Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2) ** 7;
  const g = 0.5 * (1 - Math.sqrt(meanChroma7 / (meanChroma7 + 25 ** 7)));
  const [p1, p2] = [a1 * (1 + g), a2 * (1 + g)];
  const [c1, c2] = [Math.hypot(p1, b1), Math.hypot(p2, b2)];
  const [h1, h2] = [hueOf(p1, b1), hueOf(p2, b2)];
  const isGray = c1 * c2 === 0;
  const turn = h2 - h1;
  const dh = isGray ? 0 : Math.abs(turn) <= 180 ? turn : turn > 180 ? turn - 360 : turn + 360;
  const hue = isGray
    ? h1 + h2
    : Math.abs(turn) <= 180
      ? (h1 + h2) / 2
      : (h1 + h2 + (h1 + h2 < 360 ? 360 : -360)) / 2;
  const [l, c] = [(l1 + l2) / 2, (c1 + c2) / 2];
  const t =
    1 - 0.17 * cos(hue - 30) + 0.24 * cos(2 * hue) + 0.32 * cos(3 * hue + 6) - 0.2 * cos(4 * hue - 63);
  const sl = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2);
  const [sc, sh] = [1 + 0.045 * c, 1 + 0.015 * c * t];
  const rc = 2 * Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7));
  const rt = -rc * Math.sin((60 * Math.exp(-(((hue - 275) / 25) ** 2)) * Math.PI) / 180);
  const [x, y] = [(c2 - c1) / sc, (2 * Math.sqrt(c1 * c2) * Math.sin((dh * Math.PI) / 360)) / sh];
  return Math.sqrt(((l2 - l1) / sl) ** 2 + x * x + y * y + rt * x * y);
}

function cos(degrees: number): number {
  return Math.cos((degrees * Math.PI) / 180);
}

function hueOf(a: number, b: number): number {
  return (Math.atan2(b, a) * 180) / Math.PI + (b < 0 ? 360 : 0);
}

/** CIELAB under D65 of an sRGB colour, 0–255. */
function labOf(rgb: readonly number[]): number[] {
  const [r = 0, g = 0, b = 0] = rgb.map((code) => {
    const value = code / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const f = (light: number) =>
    light > 216 / 24_389 ? Math.cbrt(light) : (24_389 / 27) * light * (1 / 116) + 16 / 116;
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

export interface ColorDistance {
  mean: number;
  /** Of which 99 of 100 pixels are nearer. */
  p99: number;
}

/** How far two pictures of RGB are from each other, pixel by pixel. */
export function colorDistance(one: Uint8Array, other: Uint8Array): ColorDistance {
  const distances: number[] = [];
  for (let at = 0; at < one.length; at += 3) {
    distances.push(deltaE([...one.subarray(at, at + 3)], [...other.subarray(at, at + 3)]));
  }
  distances.sort((a, b) => a - b);
  return {
    mean: distances.reduce((sum, value) => sum + value, 0) / distances.length,
    p99: distances[Math.floor(distances.length * 0.99)] ?? 0,
  };
}
