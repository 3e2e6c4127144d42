import type { Pixels } from "../pixels.ts";

/** Bits of each channel that tell colours apart here: 4,096 in all. */
const BITS = 4;

interface Bin {
  weight: number;
  red: number;
  green: number;
  blue: number;
}

/**
 * The colour of which there is most, as `#rrggbb`: the mean of the fullest of 4,096 bins, transparent pixels counting
 * as little as they show. Black where nothing shows.
 */
export function dominantColor({ data }: Pixels): string {
  const bins = new Map<number, Bin>();
  for (let at = 0; at < data.length; at += 4) {
    const [red = 0, green = 0, blue = 0, alpha = 255] = data.subarray(at, at + 4);
    const key = ((red >> (8 - BITS)) << (2 * BITS)) | ((green >> (8 - BITS)) << BITS) | (blue >> (8 - BITS));
    const bin = bins.get(key) ?? { weight: 0, red: 0, green: 0, blue: 0 };
    bin.weight += alpha;
    bin.red += red * alpha;
    bin.green += green * alpha;
    bin.blue += blue * alpha;
    bins.set(key, bin);
  }
  const none: Bin = { weight: 0, red: 0, green: 0, blue: 0 };
  const most = [...bins.values()].reduce((a, b) => (b.weight > a.weight ? b : a), none);
  const mean = [most.red, most.green, most.blue].map((sum) => Math.round(sum / Math.max(1, most.weight)));
  return `#${mean.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
