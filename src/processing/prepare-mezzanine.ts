import { configOf, type Env } from "../config.ts";
import type { ImageProbe } from "../image/probe.ts";
import { mezzanineKey, mezzanineObjectKey } from "../image-url/cache-key.ts";
import { mezzanineOf, wantsMezzanine } from "../image-url/mezzanine.ts";
import { log } from "../log.ts";
import type { MediaRecord } from "../media/record.ts";

/**
 * Has the mezzanine of an image made once its job is done, so that its first URL is answered at the edge. By the object
 * that makes it when a URL asks first, so it is made once, remembered when it cannot be made, and removed again when the
 * media is deleted meanwhile. What becomes of it is nothing to the job: it is made when asked for, too.
 */
export async function prepareMezzanine(env: Env, media: MediaRecord): Promise<void> {
  if (media.kind !== "image" || configOf(env).imageUrl.mezzanine !== "ingest") return;
  try {
    const probe = media.metadata as unknown as ImageProbe;
    if (!wantsMezzanine(probe, media.sizeBytes)) return;
    await env.DERIVATIVES.getByName(mezzanineKey(media.id, media.version)).begin({
      objectKey: mezzanineObjectKey(media.id, media.version),
      media,
      output: mezzanineOf(probe).output,
      isMezzanine: true,
      isBackground: true,
    });
  } catch (error) {
    log("warn", "image-url", "not_prepared", { media_id: media.id, detail: String(error) });
  }
}
