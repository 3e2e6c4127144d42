import type { InferSelectModel } from "drizzle-orm";
import type { media } from "../schema/media.ts";

export type MediaRecord = InferSelectModel<typeof media>;
export type MediaKind = "image" | "video" | "audio";

/** A file name as it may be kept and shown: the last path segment, without control characters, at most 200 long. */
export function safeFilename(name: string | undefined): string {
  const last = (name ?? "").split(/[/\\]/).at(-1) ?? "";
  const clean = Array.from(last.normalize("NFC"))
    .filter((character) => character >= " " && character !== "\u007f")
    .slice(0, 200)
    .join("")
    .trim();
  return clean === "" || clean === "." || clean === ".." ? "file" : clean;
}
