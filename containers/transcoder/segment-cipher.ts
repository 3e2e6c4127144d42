import { type Cipher, createCipheriv } from "node:crypto";
import { MediaError } from "../../src/errors.ts";
import type { TaskRequest } from "../../src/video/protocol.ts";
import { keyNumberOf, type StreamEncryption, segmentIv, segmentKey } from "../../src/video/segment-keys.ts";

/** The parts of files that are stitched are never encrypted. */
type EncryptedRequest = Pick<Extract<TaskRequest, { kind: "chunk" }>, "output" | "keyRoot">;

/** Gives the cipher that a segment is written through; `index` is its place on the grid of the stream. */
export type SegmentCiphers = (trackId: string, index: number) => Promise<Cipher>;

/** The ciphers of a stream's task, if it is to be encrypted. */
export function ciphersOf({ output, keyRoot }: EncryptedRequest): SegmentCiphers | undefined {
  if (!("encryption" in output) || output.encryption === undefined) return undefined;
  if (keyRoot === undefined) throw new MediaError("internal", "An encrypted stream came without its keys.");
  return segmentCiphers(output.encryption, keyRoot);
}

/** AES-128 in CBC mode with PKCS7 padding, each segment for itself (RFC 8216 §5.1). */
function segmentCiphers(encryption: StreamEncryption, root: string): SegmentCiphers {
  const rootBytes = new Uint8Array(Buffer.from(root, "base64"));
  return async (trackId, index) => {
    const key = await segmentKey(rootBytes, trackId, keyNumberOf(index, encryption));
    return createCipheriv("aes-128-cbc", key, segmentIv(index));
  };
}
