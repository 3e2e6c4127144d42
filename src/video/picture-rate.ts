import type { PixelFormat } from "./codecs.ts";
import type { EncoderPreset } from "./encoder-preset.ts";
import type { HdrLight } from "./hdr-light.ts";

/** One of the two runs of an encoder that looks twice, and where it keeps what it saw. */
export interface EncoderPass {
  number: 1 | 2;
  logFile: string;
}

/** How a picture is to be encoded, in the terms that all encoders share. */
export interface PictureRate {
  encoderPreset: EncoderPreset;
  /** Not looked at where there is a target. */
  crf: number;
  /** kbit/s */
  targetKbps?: number | undefined;
  /** kbit/s; absent leaves the CRF uncapped. */
  maxrateKbps?: number | undefined;
  /** kbit */
  bufferKbits?: number | undefined;
  profile: string;
  pixelFormat: PixelFormat;
  level?: string | undefined;
  tune?: string | undefined;
  pass?: EncoderPass | undefined;
  /** Of a picture that stays HDR. */
  light?: HdrLight | undefined;
}
