import { MediaError } from "../errors.ts";
import type { JoinedTracks, Seam } from "../video/join-tracks.ts";
import type { EncodedTrack, Segment } from "../video/protocol.ts";
import { keyNumberOf, type StreamEncryption, segmentIv, segmentKey } from "../video/segment-keys.ts";
import { stretchSegment } from "../video/stretch-segment.ts";

interface SeamContext {
  bucket: R2Bucket;
  /** Prefix of the job's outputs. */
  jobPrefix: string;
  /** Attempt folder of the manifests, which the lengthened segments go into. */
  folder: string;
  /** Of an encrypted stream. */
  keys?: { encryption: StreamEncryption; root: Uint8Array<ArrayBuffer> } | undefined;
}

/**
 * Writes the segments that have to last until the next chunk begins, lengthened, into a folder of their own; those of
 * finished tasks never change. Only sources without a fixed frame rate have any, where nothing moves for a while.
 */
export async function closeSeams(joined: JoinedTracks, context: SeamContext): Promise<JoinedTracks> {
  let closed = joined;
  for (const seam of joined.seams) {
    const track = joined.tracks.find(({ id }) => id === seam.trackId);
    const index = track?.segments.findIndex(({ path }) => path === seam.segment.path) ?? -1;
    if (track === undefined || index < 0) throw new MediaError("internal", "A seam names no segment.");
    // Beside the manifests, which name it by its path from where they are.
    const name = `${track.id}-${index + 1}`;
    const folder = `${context.folder}/${name}`;
    await writeLengthened(context, seam, track.timescale, `${folder}/00001.m4s`);
    closed = withSegment(closed, track.id, index, `${name}/00001.m4s`, folder);
  }
  return { ...closed, seams: [] };
}

async function writeLengthened(
  { bucket, jobPrefix, keys }: SeamContext,
  seam: Seam,
  timescale: number,
  path: string,
): Promise<void> {
  const object = await bucket.get(jobPrefix + seam.segment.path);
  if (object === null) throw new MediaError("invalid_result", "A segment is missing.");
  const cipher = await cipherOf(keys, seam);
  const bytes = await cipher.decrypt(new Uint8Array(await object.arrayBuffer()));
  const lengthened = stretchSegment(bytes, Math.round(seam.endSeconds * timescale));
  await bucket.put(jobPrefix + path, await cipher.encrypt(new Uint8Array(lengthened)), {
    httpMetadata: object.httpMetadata,
  });
}

/** What opens and closes a segment of an encrypted stream; of any other, bytes are as they are. */
async function cipherOf(keys: SeamContext["keys"], { trackId, segment }: Seam) {
  type Bytes = Uint8Array<ArrayBuffer>;
  const same = async (bytes: Bytes) => bytes;
  if (keys === undefined || segment.cipherIndex === undefined) return { decrypt: same, encrypt: same };
  const { encryption, root } = keys;
  const raw = await segmentKey(root, trackId, keyNumberOf(segment.cipherIndex, encryption));
  const terms = { name: "AES-CBC", iv: segmentIv(segment.cipherIndex) };
  const key = await crypto.subtle.importKey("raw", raw, "AES-CBC", false, ["encrypt", "decrypt"]);
  return {
    decrypt: async (bytes: Bytes) => new Uint8Array(await crypto.subtle.decrypt(terms, key, bytes)),
    encrypt: async (bytes: Bytes) => new Uint8Array(await crypto.subtle.encrypt(terms, key, bytes)),
  };
}

function withSegment(
  joined: JoinedTracks,
  trackId: string,
  index: number,
  path: string,
  folder: string,
): JoinedTracks {
  const tracks = joined.tracks.map((track): EncodedTrack => {
    if (track.id !== trackId) return track;
    const segments = track.segments.map(
      (segment, i): Segment => (i === index ? { ...segment, path } : segment),
    );
    return { ...track, segments };
  });
  const folders = [...(joined.folders[trackId] ?? []), [index + 1, folder] as [number, string]];
  return {
    ...joined,
    tracks,
    folders: { ...joined.folders, [trackId]: folders.toSorted((a, b) => a[0] - b[0]) },
  };
}
