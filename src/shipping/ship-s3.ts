import { AwsV4Signer } from "aws4fetch";
import type { OpenDestination } from "./destination.ts";
import { openParcel, type Parcel } from "./parcel.ts";
import { sendParcel } from "./send-parcel.ts";

/**
 * Puts a file into a bucket, streamed from R2, in one request: up to 5 GB. Signed with AWS Signature Version 4, whose
 * payload hash is the SHA-256 that is known of the file, so that the store refuses what arrives otherwise.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 *
 * @throws MediaError as `sendParcel` does
 */
export async function shipToBucket(
  bucket: R2Bucket,
  destination: Extract<OpenDestination, { kind: "s3" }>,
  parcel: Parcel,
): Promise<void> {
  const { settings, secrets } = destination;
  const signer = new AwsV4Signer({
    method: "PUT",
    url: objectUrl(destination, parcel.path).href,
    headers: {
      "Content-Type": parcel.type,
      "X-Amz-Content-Sha256": parcel.sha256,
      "X-Amz-Meta-Delivery-Id": parcel.deliveryId,
      "X-Amz-Meta-Worker-Name": parcel.worker,
    },
    service: "s3",
    region: settings.region,
    accessKeyId: secrets.access_key_id,
    secretAccessKey: secrets.secret_access_key,
  });
  const { url, headers } = await signer.sign();
  const { readable, writable } = new FixedLengthStream(parcel.bytes);
  const file = await openParcel(bucket, parcel);
  // The reader notices when this ends early; the reason is theirs to tell.
  void file.pipeTo(writable).catch(() => undefined);
  await sendParcel({
    url,
    method: "PUT",
    headers: Object.fromEntries(headers),
    body: readable,
    bytes: parcel.bytes,
  });
}

/** Addressed by path, which every S3-compatible store understands. */
function objectUrl({ url, settings }: Extract<OpenDestination, { kind: "s3" }>, path: string): URL {
  const key = [url.pathname, settings.bucket, settings.prefix, path]
    .flatMap((part) => part.split("/"))
    .filter((part) => part !== "");
  return new URL(`/${key.map(encodeURIComponent).join("/")}`, url);
}
