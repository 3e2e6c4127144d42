import {
  CONTAINERS,
  type FileFormat,
  type PixelFormat,
  VIDEO_CODEC_RULES,
  type VideoCodec,
} from "../../video/codecs.ts";
import { HDR_PIXEL_FORMAT } from "../../video/kept-hdr.ts";
import { LEVELS } from "../../video/levels.ts";
import type { Refuse } from "../check-output.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { checkPlatform } from "./check-platform.ts";
import { checkVideoSound } from "./check-video-sound.ts";
import { isVideoFile } from "./formats.ts";

/** A video's sides, px. */
const VIDEO_SIDE_PX = { min: 16, max: 4096 };
/** Below, there are blocks that encoders of AV1 cannot make. */
const MIN_AV1_SIDE_PX = 64;

/** What encoders of video can be given, one by one and against each other. */
export function checkVideo(specification: NamedSpecification, refuse: Refuse): void {
  const { format } = specification;
  if (!isVideoFile(format)) return;
  const codec = specification.video_codec ?? CONTAINERS[format].video[0];
  checkSides(specification, codec, refuse);
  checkBox(specification, refuse);
  checkTimes(specification, refuse);
  checkVideoSound(specification, format, refuse);
  if (!holds(format, codec)) {
    const others = CONTAINERS[format].video.join(", ");
    refuse("video_codec", `${format} cannot hold ${codec}: ask for ${others}, or for mkv.`);
    return;
  }
  checkRate(specification, codec, refuse);
  checkCodec(specification, codec, refuse);
  if (specification.hdr === "keep") checkHdr(specification, codec, refuse);
  if (specification.target_platform) {
    checkPlatform(specification, { format, codec, platform: specification.target_platform }, refuse);
  }
}

function holds(format: FileFormat, codec: VideoCodec): boolean {
  return CONTAINERS[format].video.some((each) => each === codec);
}

function checkSides({ width, height }: NamedSpecification, codec: VideoCodec, refuse: Refuse): void {
  const min = codec === "av1" ? MIN_AV1_SIDE_PX : VIDEO_SIDE_PX.min;
  for (const [side, px] of Object.entries({ width, height })) {
    if (px === undefined || (px >= min && px <= VIDEO_SIDE_PX.max)) continue;
    refuse(side, `A video's side is ${min}–${VIDEO_SIDE_PX.max} px.`);
  }
}

function checkBox(specification: NamedSpecification, refuse: Refuse): void {
  const { resize_mode: mode = "fit", width, height, crop_position: position } = specification;
  if (mode !== "fit" && (width === undefined || height === undefined)) {
    refuse("resize_mode", `${mode} needs both width and height.`);
  }
  if (position === "attention" || position === "entropy") {
    refuse("crop_position", "A video is cut at one place for all frames: name an anchor or a point.");
  }
}

function checkTimes({ start = 0, end }: NamedSpecification, refuse: Refuse): void {
  if (end !== undefined && end <= start)
    refuse("end", `The end has to come after ${start} s, where it starts.`);
}

function checkRate(specification: NamedSpecification, codec: VideoCodec, refuse: Refuse): void {
  if (typeof specification.quality === "number") {
    refuse("quality", "For a video it is low, medium, high or maximum; a number is given as crf.");
  }
  const { crf, target_bitrate: target, max_bitrate: peak, buffer_size: buffer } = specification;
  const rules = VIDEO_CODEC_RULES[codec];
  if (crf !== undefined && crf > rules.maxCrf) refuse("crf", `For ${codec} it is 0–${rules.maxCrf}.`);
  if (crf !== undefined && target !== undefined) {
    refuse("target_bitrate", "Give either a crf or a target_bitrate; a crf is capped by max_bitrate.");
  }
  if (target !== undefined && peak !== undefined && peak < target) {
    refuse("max_bitrate", `The peak cannot be below the target of ${target} kbit/s.`);
  }
  if (buffer !== undefined && peak === undefined && target === undefined) {
    refuse("buffer_size", "A buffer belongs to a max_bitrate or a target_bitrate; give one of them.");
  }
  if (specification.two_pass !== true) return;
  if (target === undefined) refuse("two_pass", "Two passes aim at a target_bitrate; give one.");
  if (!rules.twoPass) refuse("two_pass", `${codec} is encoded in one pass here; leave it out.`);
}

function checkCodec(specification: NamedSpecification, codec: VideoCodec, refuse: Refuse): void {
  const { codec_profile: profile, pixel_format: pixels, level, tune } = specification;
  const { profiles, tunes } = VIDEO_CODEC_RULES[codec];
  const levels = Object.keys(LEVELS[codec] ?? {});
  if (profile !== undefined && !Object.hasOwn(profiles, profile)) {
    refuse("codec_profile", `The profiles of ${codec} are ${Object.keys(profiles).join(", ")}.`);
  } else checkPixels(profiles, { profile, pixels }, codec, refuse);
  if (level !== undefined && !levels.includes(level)) {
    const message = levels.length > 0 ? `The levels of ${codec} are ${levels.join(", ")}.` : "";
    refuse("level", message || `The level of ${codec} follows from size and rate; leave it out.`);
  }
  if (tune !== undefined && !tunes.includes(tune)) {
    const message = tunes.length > 0 ? `${codec} can be tuned for ${tunes.join(", ")}.` : "";
    refuse("tune", message || `${codec} has no tunes; leave it out.`);
  }
}

/** What cannot stay HDR: eight bits, players of H.264, and logos, whose colours are SDR. */
function checkHdr(specification: NamedSpecification, codec: VideoCodec, refuse: Refuse): void {
  const { pixel_format: pixels = HDR_PIXEL_FORMAT, watermark } = specification;
  if (codec === "h264") refuse("hdr", "H.264 is not played as HDR: ask for video_codec h265, vp9 or av1.");
  else if (!pixels.endsWith("10le"))
    refuse("pixel_format", `HDR needs ten bits: ${HDR_PIXEL_FORMAT}, or leave it out.`);
  if (watermark !== undefined) refuse("watermark", "A logo is SDR: leave it out, or let hdr be tone_map.");
}

function checkPixels(
  profiles: Record<string, readonly PixelFormat[]>,
  { profile, pixels = "yuv420p" }: { profile: string | undefined; pixels: PixelFormat | undefined },
  codec: VideoCodec,
  refuse: Refuse,
): void {
  const held = profile === undefined ? Object.values(profiles).flat() : (profiles[profile] ?? []);
  if (held.includes(pixels)) return;
  const of = profile === undefined ? codec : `The ${profile} profile of ${codec}`;
  refuse("pixel_format", `${of} holds ${[...new Set(held)].join(", ")}.`);
}
