import { z } from "zod";
import { face } from "./faces/face.ts";

/** How much there is to see in each column and each row of a picture, from the first; in no particular unit. */
const interest = z.object({ columns: z.array(z.number()), rows: z.array(z.number()) });

/** What a small copy of a picture tells of it. */
export const imageAnalysis = z.object({
  /** `#rrggbb`: the colour of which there is most. */
  dominantColor: z.string(),
  /** https://evanw.github.io/thumbhash/, base64. */
  thumbhash: z.string(),
  /** https://blurha.sh, 4×3 components. */
  blurhash: z.string(),
  /** Shannon entropy of brightness, 0 (one tone) to 8 bit. */
  entropy: z.number(),
  /** 16 hex digits, alike for pictures that look alike (`analyze/perceptual-hash.ts`); null for one without features. */
  perceptualHash: z.string().nullable(),
  /** Where crops should lie. */
  interest: z.object({ attention: interest, entropy: interest }),
  /** The largest first; absent when nobody has looked for any, as only containers can. */
  faces: z.array(face).optional(),
});
export type ImageAnalysis = z.infer<typeof imageAnalysis>;

/** Longest side of the picture that is analysed, px; ThumbHash takes no more than 100. */
export const ANALYSIS_SIDE_PX = 96;
