import type { ThumbnailOutput } from "../../video/still-output.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { pictureOf } from "./resolve-picture.ts";

/** A picture of one moment of a video: one second in, unless it says else. */
export function stillOf(specification: NamedSpecification, defaultLogo: string | undefined): ThumbnailOutput {
  return {
    format: "thumbnail",
    name: specification.name,
    atSeconds: specification.thumbnails?.at[0] ?? 1,
    image: pictureOf(specification, defaultLogo),
  };
}
