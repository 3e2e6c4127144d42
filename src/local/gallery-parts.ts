import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decode as decodeBlurhash } from "blurhash";
import sharp, { type Sharp } from "sharp";
import { thumbHashToDataURL } from "thumbhash";
import type { GalleryPart, GalleryPicture } from "./gallery-page.ts";
import { GALLERY_SECTIONS, ORIENTATIONS, ORIENTED_OPTIONS } from "./gallery-sections.ts";

/** One photo to show, as stored media. */
export interface Exhibit {
  mediaId: string;
  logoId: string;
  /** The photo as stored under each orientation. */
  oriented: string[];
  /** What the names of its files begin with. */
  prefix: string;
}

/** Answers a path of the service; throws when it is no success. */
type Fetch = (path: string) => Promise<Response>;

/** Has every picture of a photo made and writes them into a folder; the parts of the page that show them. */
export async function exhibitOf(exhibit: Exhibit, fetch: Fetch, dir: string): Promise<GalleryPart[]> {
  let count = 0;
  const make = async (options: string, mediaId: string): Promise<GalleryPicture> => {
    const response = await fetch(`/img/${options}/${mediaId}`);
    const bytes = Buffer.from(await response.arrayBuffer());
    const { width, height, format } = await sharp(bytes).metadata();
    const kind = response.headers.get("Content-Type")?.replace("image/", "") ?? format;
    const src = `${exhibit.prefix}${String(++count).padStart(2, "0")}.${kind}`;
    writeFileSync(join(dir, src), bytes);
    const caption = decodeURIComponent(options).replace(exhibit.logoId, "med_…");
    return { src, width, height, caption, facts: `${width} × ${height}, ${kilobytes(bytes.length)} ${kind}` };
  };
  const parts: GalleryPart[] = [];
  for (const { title, text, options } of GALLERY_SECTIONS) {
    const pictures: GalleryPicture[] = [];
    for (const one of options)
      pictures.push(await make(one.replace("LOGO", exhibit.logoId), exhibit.mediaId));
    parts.push({ title, text, pictures });
  }
  const oriented: GalleryPicture[] = [];
  for (const [index, mediaId] of exhibit.oriented.entries()) {
    const picture = await make(ORIENTED_OPTIONS, mediaId);
    oriented.push({ ...picture, caption: `EXIF orientation ${ORIENTATIONS[index]}` });
  }
  parts.push({
    title: "Orientations",
    text: "The photo as eight cameras would have stored it, turned or mirrored. All come out upright.",
    pictures: oriented,
  });
  return [...parts, await placeholders(await make("blur-up=true", exhibit.mediaId), exhibit, fetch)];
}

interface Described {
  thumbhash: string;
  blurhash: string;
  dominant_color: string;
  original: { width: number; height: number };
}

const PLACEHOLDER_WIDTH_PX = 240;
const BLURHASH_PX = 32;

/** What can be shown before a picture has come: a tiny one, two hashes and a colour. */
async function placeholders(tiny: GalleryPicture, { mediaId }: Exhibit, fetch: Fetch): Promise<GalleryPart> {
  const described = (await (await fetch(`/img/f=json/${mediaId}`)).json()) as Described;
  const { width, height } = described.original;
  const shown = {
    width: PLACEHOLDER_WIDTH_PX,
    height: Math.round((PLACEHOLDER_WIDTH_PX * height) / width),
  };
  const blurred = Buffer.from(decodeBlurhash(described.blurhash, BLURHASH_PX, BLURHASH_PX));
  const drawn = (image: Sharp) => image.png().toBuffer().then(dataUrl);
  const raw = { width: BLURHASH_PX, height: BLURHASH_PX, channels: 4 } as const;
  const plain = { width: 1, height: 1, channels: 3, background: described.dominant_color } as const;
  const pictures = [
    { ...tiny, ...shown },
    {
      ...shown,
      src: thumbHashToDataURL(Buffer.from(described.thumbhash, "base64")),
      caption: "thumbhash",
      facts: described.thumbhash,
    },
    {
      ...shown,
      src: await drawn(sharp(blurred, { raw })),
      caption: "blurhash",
      facts: described.blurhash,
    },
    {
      ...shown,
      src: await drawn(sharp({ create: plain })),
      caption: "dominant_color",
      facts: described.dominant_color,
    },
  ];
  const text =
    "A picture of at most 32 px, and what /img/f=json tells: enough to fill its place until it is there.";
  return { title: "Placeholders", text, pictures };
}

function dataUrl(png: Buffer): string {
  return `data:image/png;base64,${png.toString("base64")}`;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
