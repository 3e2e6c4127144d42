import { typeOfTreeFile } from "../delivery/stream-files.ts";
import { hexOf } from "../digest.ts";
import { MediaError } from "../errors.ts";
import type { ClaimedTask, OutputRow } from "../jobs/claimed-task.ts";
import { jobPrefix } from "../media/object-keys.ts";
import type { Parcel } from "../shipping/parcel.ts";

/**
 * What an output is as files to be delivered: itself, or of a stream every playlist and segment, below the name of the
 * output and laid out so that the playlists' relative paths hold. Segments go first, so that no playlist is there before
 * what it names; the order is always the same.
 *
 * @param from how many of the first ones are left out
 */
export async function parcelsOf(
  bucket: R2Bucket,
  { lease, job }: Pick<ClaimedTask, "lease" | "job">,
  output: OutputRow,
  from = 0,
): Promise<{ parcels: Parcel[]; total: number }> {
  const of = { jobId: job.id, mediaId: job.mediaId, worker: lease.workerId };
  if (output.tree === null) {
    const { name: path, type, bytes, sha256, objectKey } = output;
    const parcel = { ...of, deliveryId: output.id, path, type, bytes, sha256, objectKey };
    return { parcels: [parcel].slice(from), total: 1 };
  }
  const [playlists = "", ...segments] = output.tree;
  const own = await filesBelow(bucket, jobPrefix(job.id), `${playlists}/`, "");
  const rest = await Promise.all(
    segments.map((folder) => filesBelow(bucket, jobPrefix(job.id), `${folder}/`, `${folder}/`)),
  );
  const files = [...rest.flat(), ...own];
  const parcels: Parcel[] = [];
  for (const { objectKey, path, bytes } of files.slice(from)) {
    const sha256 = await hashOf(bucket, objectKey);
    const deliveryId = `${output.id}:${path}`;
    const place = { path: `${output.name}/${path}`, type: typeOfTreeFile(path) };
    parcels.push({ ...of, ...place, deliveryId, bytes, sha256, objectKey });
  }
  return { parcels, total: files.length };
}

interface TreeFile {
  objectKey: string;
  /** As the playlists of the stream name it. */
  path: string;
  bytes: number;
}

async function filesBelow(bucket: R2Bucket, prefix: string, folder: string, as: string): Promise<TreeFile[]> {
  const files: TreeFile[] = [];
  let cursor: string | undefined;
  do {
    const page = await bucket.list({ prefix: prefix + folder, cursor });
    for (const { key, size } of page.objects) {
      files.push({ objectKey: key, path: as + key.slice(prefix.length + folder.length), bytes: size });
    }
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor !== undefined);
  return files;
}

/** Of the files of a stream only the whole is known by its hash: each is read once more for its own. */
async function hashOf(bucket: R2Bucket, key: string): Promise<string> {
  const object = await bucket.get(key);
  if (!object) throw new MediaError("storage_failed", "A file of the stream is not in storage any more.");
  const digest = new crypto.DigestStream("SHA-256");
  await object.body.pipeTo(digest);
  return hexOf(await digest.digest);
}
