/** `npm run gallery [-- photos…]`: a contact set of what the engine makes, as a page under `out/gallery`. */
import { mkdirSync, mkdtempSync, openAsBlob, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createDarkroomClient } from "../client/client.ts";
import { parseStackArguments } from "./args.ts";
import { type GalleryPhoto, galleryPage } from "./gallery-page.ts";
import { type Exhibit, exhibitOf } from "./gallery-parts.ts";
import { makeOrientedPhotos, makeSampleLogo } from "./gallery-samples.ts";
import { aborted, runMain } from "./main.ts";
import { makeSamplePhoto } from "./sample-photo.ts";
import { type Stack, startStack } from "./stack.ts";

const OUT_DIR = "out/gallery";

await runMain(async (interruption) => {
  const options = parseStackArguments(process.argv.slice(2));
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), "darkroom-gallery-"));
  // Everything comes from one address, and more of it within a minute than a visitor would ask for.
  const variables = { IMAGE_URL_MISSES_PER_MINUTE: "0", ...options.variables };
  const starting = startStack({ ...options, variables, stateDir, signal: interruption, say: console.log });
  starting.catch(() => undefined);
  try {
    const making = starting.then((stack) => makeGallery(stack, options.files));
    const interrupted = aborted(interruption).then(() => Promise.reject(interruption.reason));
    await Promise.race([making, starting.then((stack) => stack.ended), interrupted]);
  } finally {
    await starting.then(
      (stack) => stack.stop(),
      () => undefined,
    );
    if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
  }
});

async function makeGallery({ url, key }: Stack, files: string[]): Promise<void> {
  rmSync(OUT_DIR, { recursive: true, force: true });
  const originals = join(OUT_DIR, "originals");
  mkdirSync(originals, { recursive: true });
  const client = createDarkroomClient({ baseUrl: url, key });
  /** The id of a file as media. */
  const send = async (path: string): Promise<string> => {
    const outputs = [{ format: "webp", width: 16 }];
    const job = await client.createJob({ file: await openAsBlob(path), filename: basename(path), outputs });
    return job.media_id;
  };
  const fetchImage = async (path: string) => await client.download(path);
  const logo = await send(await makeSampleLogo(originals));
  const photos: GalleryPhoto[] = [];
  for (const [index, path] of (files.length > 0 ? files : [await makeSamplePhoto(originals)]).entries()) {
    const oriented = await makeOrientedPhotos(originals, path);
    const exhibit: Exhibit = {
      mediaId: await send(path),
      logoId: logo,
      oriented: await Promise.all(oriented.map(send)),
      prefix: `${index + 1}-`,
    };
    photos.push({ name: basename(path), parts: await exhibitOf(exhibit, fetchImage, OUT_DIR) });
    console.log(
      `${basename(path)}: ${photos.at(-1)?.parts.flatMap((part) => part.pictures).length} pictures`,
    );
  }
  const page = join(OUT_DIR, "index.html");
  writeFileSync(page, galleryPage(photos));
  console.log(`\nOpen ${page}`);
}
