import { MediaError } from "../errors.ts";

/**
 * Reads a JSON body of bounded size.
 *
 * @throws MediaError `payload_too_large` over the limit, `empty_body`, `malformed_json`.
 */
export async function readJsonBody(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<unknown> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new MediaError("payload_too_large", `A JSON body may have ${maxBytes} bytes.`);
    text += decoder.decode(chunk, { stream: true });
  }
  text += decoder.decode();
  if (text.trim() === "") throw new MediaError("empty_body", "The body is empty.");
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new MediaError("malformed_json", "The body is not valid JSON.", { cause });
  }
}
