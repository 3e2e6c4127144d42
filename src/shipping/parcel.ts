import { MediaError } from "../errors.ts";

/** One file on its way to a destination. */
export interface Parcel {
  /** The same however often the file is shipped, so that the receiver can tell a repeat. */
  deliveryId: string;
  /** Output name; of a stream's file its path below the name, such as `stream/master.m3u8`. */
  path: string;
  type: string;
  bytes: number;
  /** SHA-256 as hex. */
  sha256: string;
  jobId: string;
  mediaId: string;
  /** Which worker ships it. */
  worker: string;
  /** In R2. */
  objectKey: string;
}

/**
 * The bytes of a parcel, from R2.
 *
 * @throws MediaError `storage_failed` when they are not there as they were stored
 */
export async function openParcel(bucket: R2Bucket, parcel: Parcel): Promise<ReadableStream<Uint8Array>> {
  const object = await bucket.get(parcel.objectKey);
  if (object?.size === parcel.bytes) return object.body;
  await object?.body.cancel();
  throw new MediaError("storage_failed", `${parcel.path} is not in storage as it was stored.`);
}
