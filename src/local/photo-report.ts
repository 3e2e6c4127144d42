import sharp from "sharp";

/** What became of a photo's orientation and metadata, in words for the demo; undefined when it had neither. */
export async function photoReport(originalPath: string, outputPath: string): Promise<string | undefined> {
  const before = await sharp(originalPath).metadata();
  const after = await sharp(outputPath).metadata();
  const turned = (before.orientation ?? 1) > 1 && (after.orientation ?? 1) === 1;
  const stripped = before.exif !== undefined && after.exif === undefined;
  const words = [
    turned && `turned upright (EXIF orientation ${before.orientation} is baked in)`,
    stripped && "camera metadata and GPS position removed",
  ].filter((part) => part !== false);
  return words.length > 0 ? words.join("; ") : undefined;
}
