import type { Pixels } from "../pixels.ts";

/** Bits of each channel that tell colours apart here: 4,096 in all. */
const BITS = 4;

/**
 * The colour of which there is most, as `#rrggbb`: the mean of the fullest of 4,096 bins, transparent pixels counting
 * as little as they show. Black where nothing shows.
 */
export function dominantColor({ data }: Pixels): string {
  const weights = new Float64Array(1 << (3 * BITS));
  let fullest = 0;
  for (let at = 0; at < data.length; at += 4) {
    const bin = binOf(data, at);
    const weight = (weights[bin] ?? 0) + (data[at + 3] ?? 0);
    weights[bin] = weight;
    if (weight > (weights[fullest] ?? 0)) fullest = bin;
  }
  return `#${meanOf(data, fullest).map(inHex).join("")}`;
}

function binOf(data: Pixels["data"], at: number): number {
  const level = (channel: number) => (data[at + channel] ?? 0) >> (8 - BITS);
  return (level(0) << (2 * BITS)) | (level(1) << BITS) | level(2);
}

/** The mean colour of the pixels of a bin. */
function meanOf(data: Pixels["data"], bin: number): number[] {
  let [red, green, blue, weight] = [0, 0, 0, 0];
  for (let at = 0; at < data.length; at += 4) {
    if (binOf(data, at) !== bin) continue;
    const alpha = data[at + 3] ?? 0;
    red += (data[at] ?? 0) * alpha;
    green += (data[at + 1] ?? 0) * alpha;
    blue += (data[at + 2] ?? 0) * alpha;
    weight += alpha;
  }
  return [red, green, blue].map((sum) => Math.round(sum / Math.max(1, weight)));
}

const inHex = (channel: number) => channel.toString(16).padStart(2, "0");
