import { MediaError } from "../../errors.ts";

/** The refusal of one part of a IIIF path, with what it may be. */
export function refusedPart(part: string, text: string, allowed: string): MediaError {
  const message = `${part} must be ${allowed}, not ${JSON.stringify(text.slice(0, 40))}.`;
  return new MediaError("invalid_image_url", message, { errors: [{ path: part, message }] });
}
