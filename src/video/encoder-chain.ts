import { MediaError } from "../errors.ts";
import { CONTAINERS, type VideoCodec } from "./codecs.ts";
import { translateCrf } from "./crf.ts";
import { ENCODERS, type VideoEncoder } from "./encoders.ts";
import type { FileOutput } from "./file-output.ts";

/** An encoder to try, and what its owner should know if it is the one that works. */
export interface EncoderChoice {
  encoder: VideoEncoder;
  /** The output in the terms of the encoder's codec. */
  output: FileOutput;
  note?: string;
}

/**
 * The encoders that may make an output, in the order in which they are tried: those of its codec, and where it allows
 * that, those of the codec that every player of its container knows.
 *
 * @param installed names of ffmpeg's encoders
 * @throws {MediaError} `encoder_missing` when none of them is installed
 */
export function encoderChain(output: FileOutput, installed: readonly string[]): EncoderChoice[] {
  const asked = output.videoCodec ?? "h264";
  const [first] = ENCODERS[asked];
  const own = ENCODERS[asked].map((encoder) => ({
    encoder,
    output,
    ...(encoder !== first && {
      note: `${output.name} was encoded by ${encoder.name}, because ${first?.name} is not there or failed.`,
    }),
  }));
  const last = CONTAINERS[output.format].video[0];
  const other = output.allowFallback === true && last !== asked ? ENCODERS[last] : [];
  const instead = other.map((encoder) => ({
    encoder,
    output: inCodec(output, last),
    note: `${output.name} is ${last} instead of ${asked}, because no encoder for that worked.`,
  }));
  const chain = [...own, ...instead].filter(({ encoder }) => installed.includes(encoder.name));
  if (chain.length > 0) return chain;
  throw new MediaError("encoder_missing", `The ffmpeg of this transcoder has no encoder for ${asked}.`, {
    privateDetail: installed.join(" "),
  });
}

/** What only the asked codec knows is left out; the quality aimed at stays. */
function inCodec(output: FileOutput, codec: VideoCodec): FileOutput {
  const {
    codecProfile: _profile,
    level: _level,
    tune: _tune,
    pixelFormat: _pixels,
    hdr: _hdr,
    ...rest
  } = output;
  return { ...rest, videoCodec: codec, crf: translateCrf(output.crf, output.videoCodec ?? "h264", codec) };
}
