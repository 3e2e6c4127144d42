import { describe, expect, it } from "vitest";
import type { FieldError, MediaError } from "../../src/errors.ts";
import type { ImageOutput } from "../../src/image/output.ts";
import { outputSpecification } from "../../src/submission/output-specification.ts";
import { resolveOutputs } from "../../src/submission/resolve-outputs.ts";

function resolved(specification: Record<string, unknown>): ImageOutput {
  const outputs = resolveOutputs([outputSpecification.parse(specification)], "image");
  const [output] = outputs.kind === "image" ? outputs.outputs : [];
  if (!output) throw new Error("no image");
  return output;
}

function refused(specification: Record<string, unknown>, kind: "image" | "video" = "image"): string[] {
  try {
    resolveOutputs([outputSpecification.parse(specification)], kind);
  } catch (thrown) {
    return (thrown as MediaError).errors.map(({ path }: FieldError) =>
      path.replace("output_specifications.0.", ""),
    );
  }
  return [];
}

describe("fields of images", () => {
  it("reach the engine as they were asked for", () => {
    expect(
      resolved({ format: "jpeg", progressive: false, chroma_subsampling: "4:4:4", effort: "best" }),
    ).toMatchObject({
      progressive: false,
      chromaSubsampling: "4:4:4",
      effort: "best",
    });
    expect(
      resolved({ format: "png", max_colors: 32, color_profile: "keep", linear_light: true }),
    ).toMatchObject({
      maxColors: 32,
      colorProfile: "keep",
      linearLight: true,
    });
    expect(resolved({ format: "auto", lossless: true })).toMatchObject({ format: "webp", lossless: true });
    expect(resolved({ format: "auto", lossless: true }).losslessIfFlat).toBeUndefined();
  });

  it("let what moves move in the formats that can, unless they say otherwise", () => {
    expect(resolved({ format: "gif" })).toMatchObject({ name: "gif.gif", animated: true });
    expect(resolved({ preset: "thumbnail" }).animated).toBe(true);
    expect(resolved({ format: "gif", animated: false }).animated).toBeUndefined();
    expect(resolved({ format: "jpeg" }).animated).toBeUndefined();
  });

  it.each([
    [{ format: "jpeg", lossless: true }, ["lossless"]],
    [{ format: "webp", max_colors: 16 }, ["max_colors"]],
    [{ format: "png", progressive: true }, ["progressive"]],
    [{ format: "webp", chroma_subsampling: "4:4:4" }, ["chroma_subsampling"]],
    [{ format: "png", animated: true }, ["animated"]],
    [{ format: "webp", lossless: true, quality: { ssim: 0.98 } }, ["quality"]],
    [{ format: "png", lossless: true, max_colors: 16 }, ["max_colors"]],
    [{ format: "gif", quality: { max_bytes: 5000 } }, ["quality"]],
  ])("that do not go together are refused by name: %j", (specification, fields) => {
    expect(refused(specification)).toEqual(fields);
  });

  it("are not for videos", () => {
    expect(refused({ format: "mp4", color_profile: "keep" }, "video")).toEqual(["color_profile"]);
    expect(refused({ format: "mp4", effort: "best" }, "video")).toEqual(["effort"]);
  });

  it("have their bounds", () => {
    for (const field of [
      { max_colors: 1 },
      { max_colors: 257 },
      { effort: "utmost" },
      { chroma_subsampling: "4:1:1" },
    ])
      expect(outputSpecification.safeParse({ format: "png", ...field }).success).toBe(false);
  });
});
