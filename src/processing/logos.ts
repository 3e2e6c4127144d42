import { MediaError } from "../errors.ts";
import type { LogoFile, Logos } from "../image/logo.ts";
import type { ImageOutput } from "../image/output.ts";
import type { LogoHeaders } from "../image/plan-logo.ts";
import type { ImageProbe } from "../image/probe.ts";
import type { MediaRecord } from "../media/record.ts";
import { readPublishedMedia } from "../media/store.ts";

/**
 * The media that outputs are marked with, each once. Whose they may be was checked when the job was accepted; they may
 * have been deleted since.
 *
 * @throws MediaError `unusable_logo`
 */
export async function findLogos(
  d1: D1Database,
  outputs: readonly Pick<ImageOutput, "watermark">[],
): Promise<MediaRecord[]> {
  const ids = new Set(outputs.flatMap((output) => output.watermark?.mediaId ?? []));
  return await Promise.all([...ids].map((id) => findLogo(d1, id)));
}

async function findLogo(d1: D1Database, id: string): Promise<MediaRecord> {
  const found = await readPublishedMedia(d1, id);
  if (found?.kind === "image") return found;
  throw new MediaError("unusable_logo", `The logo ${id} is not stored any more.`);
}

/** What a plan needs to know of logos. */
export function logoHeaders(logos: readonly MediaRecord[]): LogoHeaders {
  return new Map(
    logos.map((media) => [
      media.id,
      { probe: media.metadata as unknown as ImageProbe, bytes: media.sizeBytes },
    ]),
  );
}

/**
 * Reads the logos that outputs are marked with; the plan made sure that they fit.
 *
 * @throws MediaError `unusable_logo`
 */
export async function readLogos(
  env: { DB: D1Database; MEDIA: R2Bucket },
  outputs: readonly ImageOutput[],
): Promise<Logos> {
  const found = await findLogos(env.DB, outputs);
  return new Map(
    await Promise.all(found.map(async (media) => [media.id, await readLogo(env.MEDIA, media)] as const)),
  );
}

async function readLogo(bucket: R2Bucket, media: MediaRecord): Promise<LogoFile> {
  const object = await bucket.get(media.objectKey);
  if (!object) throw new MediaError("unusable_logo", `The logo ${media.id} is not stored any more.`);
  return {
    bytes: new Uint8Array(await object.arrayBuffer()),
    probe: media.metadata as unknown as ImageProbe,
  };
}
