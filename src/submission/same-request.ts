import { LIMITS } from "../config.ts";
import { hexOf } from "../digest.ts";
import { MediaError } from "../errors.ts";
import { contentOf, type ParseForm } from "./accept.ts";
import { parseJobFields } from "./job-fields.ts";
import { readMultipart } from "./multipart-body.ts";

/**
 * What a multipart body asks for, read to its end without storing any of it: to tell whether a request is the one that
 * was answered before.
 *
 * @throws MediaError as the body's first reading would.
 */
export async function readContent(
  body: ReadableStream<Uint8Array>,
  contentType: string,
  parse: ParseForm = parseJobFields,
): Promise<unknown> {
  const fields = new Map<string, string>();
  const digest = new crypto.DigestStream("SHA-256");
  const hash = digest.getWriter();
  let bytes = 0;
  for await (const event of readMultipart(body, contentType)) {
    if (event.type === "field") fields.set(event.name, event.value);
    if (event.type !== "chunk") continue;
    bytes += event.bytes.length;
    if (bytes > LIMITS.maxFileBytes) throw new MediaError("payload_too_large", "The file is too large.");
    await hash.write(event.bytes);
  }
  await hash.close();
  return contentOf(parse(fields), hexOf(await digest.digest));
}
