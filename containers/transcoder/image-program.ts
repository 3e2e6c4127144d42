/**
 * `node image-program.ts <order.json>`: makes the images of one order with libvips and says so on stdout, one JSON line
 * an image. Ends with 1 after a `failed` line.
 */
import { readFile, stat } from "node:fs/promises";
import sharp from "sharp";
import { MediaError } from "../../src/errors.ts";
import { analyzeFile } from "./analyze-file.ts";
import { renderImage } from "./render-image.ts";
import type { ImageOrder, ImageReport } from "./render-images.ts";
import { OPEN_STRICT, OPEN_WHOLE, openForSalvage } from "./salvage.ts";

/** Formats that are decoded; everything else that libvips can open (raw, CSV, Matlab, PDF …) stays shut. */
const DECODERS = ["Jpeg", "Png", "Webp", "Nsgif", "Tiff", "Heif", "Svg"];

sharp.cache(false);
sharp.concurrency(1);
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({ operation: DECODERS.map((name) => `VipsForeignLoad${name}`) });

await main(process.argv[2] ?? "");

async function main(orderFile: string): Promise<void> {
  const order = JSON.parse(await readFile(orderFile, "utf8")) as ImageOrder;
  try {
    const mayBeCut = order.outputs.some(({ output }) => output.salvage);
    const whole = order.isStrict ? OPEN_STRICT : OPEN_WHOLE;
    const opening = mayBeCut ? await openForSalvage(order.input) : whole;
    for (const { file, output } of order.outputs) {
      const size = await renderImage(order.input, output, file, order.logos, opening);
      say({ type: "rendered", file, ...size, bytes: (await stat(file)).size });
    }
    // What is made counts, also when the whole of the input cannot be looked at.
    const analysis = order.analyze ? await analyzeFile(order.input).catch(() => undefined) : undefined;
    if (analysis) say({ type: "analyzed", analysis });
  } catch (thrown) {
    const error = classify(thrown);
    say({ type: "failed", code: error.code, message: error.message, detail: error.privateDetail ?? "" });
    process.exitCode = 1;
  }
}

function say(report: ImageReport): void {
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

function classify(thrown: unknown): MediaError {
  if (thrown instanceof MediaError) return thrown;
  const privateDetail = thrown instanceof Error ? thrown.message : String(thrown);
  const options = { privateDetail, cause: thrown };
  if (/pixel limit/i.test(privateDetail)) {
    return new MediaError("too_many_pixels", "The image has more than 100 million pixels.", options);
  }
  if (/unsupported image format|unsupported (feature|codec)|blocked/i.test(privateDetail)) {
    return new MediaError("unsupported_image", "This file is not an image that can be decoded.", options);
  }
  if (/no space left/i.test(privateDetail)) {
    return new MediaError("disk_full", "The transcoder ran out of disk space.", options);
  }
  return new MediaError("corrupt_image", "The image is damaged or incomplete.", options);
}
