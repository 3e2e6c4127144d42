import { CONTAINERS, type FileFormat, VIDEO_CODEC_RULES, type VideoCodec } from "../../video/codecs.ts";
import { HDR_PIXEL_FORMAT } from "../../video/kept-hdr.ts";
import { type Platform, platformRules } from "../../video/platforms.ts";
import type { Refuse } from "../check-output.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { videoProfile } from "./video-profiles.ts";

interface Target {
  format: FileFormat;
  codec: VideoCodec;
  platform: Platform;
}

/** What the devices of a platform play: container, codecs, profile and level. */
export function checkPlatform(
  specification: NamedSpecification,
  { format, codec, platform }: Target,
  refuse: Refuse,
): void {
  const rules = platformRules(platform);
  const { audio_codec: audio = CONTAINERS[format].audio[0] } = specification;
  if (!rules.formats.includes(format)) {
    refuse("format", `${rules.name} devices do not play ${format}: ask for ${rules.formats.join(", ")}.`);
  }
  if (!rules.audio.includes(audio)) {
    refuse("audio_codec", `${rules.name} devices play ${rules.audio.join(", ")}, not ${audio}.`);
  }
  const played = rules.video[codec];
  if (played === undefined) {
    const codecs = Object.keys(rules.video).join(", ");
    refuse("video_codec", `${rules.name} devices do not all play ${codec}: ask for ${codecs}.`);
    return;
  }
  const profile = profileOf(specification, codec);
  if (!played.profiles.includes(profile)) {
    const field = specification.codec_profile === undefined ? "pixel_format" : "codec_profile";
    refuse(field, `${rules.name} devices play ${codec} ${played.profiles.join(", ")}, not ${profile}.`);
  }
  const { level } = specification;
  if (level !== undefined && played.maxLevel !== undefined && Number(level) > Number(played.maxLevel)) {
    refuse("level", `${rules.name} devices play ${codec} up to level ${played.maxLevel}.`);
  }
}

/** The profile that a file will have: its own, that of its settings, or the first that holds its pixels. */
function profileOf(specification: NamedSpecification, codec: VideoCodec): string {
  const { codec_profile, profile, hdr } = specification;
  const { pixel_format: pixels = hdr === "keep" ? HDR_PIXEL_FORMAT : "yuv420p" } = specification;
  if (codec_profile !== undefined) return codec_profile;
  const named = codec === "h264" ? videoProfile(profile)?.codecProfile : undefined;
  const { profiles } = VIDEO_CODEC_RULES[codec];
  const [suitable = ""] = Object.entries(profiles).find(([, formats]) => formats.includes(pixels)) ?? [];
  return named ?? suitable;
}
