import { parseColor } from "../../image/color.ts";
import { SOUND_CODECS, type SoundFormat } from "../../video/sound-output.ts";
import type { Refuse } from "../check-output.ts";
import type { NamedSpecification } from "../name-outputs.ts";
import { isSound } from "./formats.ts";

/** Of what kind a picture of a video is; one at a time. */
const PURPOSES = ["thumbnails", "storyboard", "preview", "waveform"] as const;

const WAVEFORM_SIDES_PX = { width: { min: 16, max: 8192 }, height: { min: 16, max: 2048 } };
const TILE_SIDE_PX = { min: 16, max: 640 };
const PREVIEW_SIDE_PX = { min: 16, max: 1280 };
/** kbit/s that encoders take. */
const MAX_KBPS = { aac: 512, mp3: 320, opus: 256, vorbis: 256 } as const;
/** Hz that Opus and MP3 are made at. */
const OPUS_RATES: readonly number[] = [8_000, 12_000, 16_000, 24_000, 48_000];

/** Notes what does not fit in what is asked for of stills, storyboards, previews, sound and waveforms. */
export function checkTracks(
  specification: NamedSpecification,
  kind: "image" | "video",
  refuse: Refuse,
): void {
  const purposes = PURPOSES.filter((field) => specification[field] !== undefined);
  const [purpose, ...others] = purposes;
  if (purpose === undefined && specification.format === "svg") {
    refuse("format", "svg is for waveforms only.");
  }
  for (const field of others) refuse(field, `This does not go with ${purpose}; ask for another output.`);
  if (kind === "image" && purpose) refuse(purpose, "An image has no moments.");
  if (purpose === "storyboard") checkStoryboard(specification, refuse);
  if (purpose === "preview") checkSides(specification, PREVIEW_SIDE_PX, refuse);
  if (purpose === "waveform") checkWaveform(specification, refuse);
  if (isSound(specification.format)) checkSound(specification, specification.format, refuse);
}

function checkStoryboard(specification: NamedSpecification, refuse: Refuse): void {
  checkSides(specification, TILE_SIDE_PX, refuse);
  if (!specification.name.endsWith(".vtt")) {
    refuse("name", "A storyboard is named by its WebVTT file, such as storyboard.vtt.");
  }
}

function checkSides(
  { width, height }: NamedSpecification,
  { min, max }: { min: number; max: number },
  refuse: Refuse,
): void {
  for (const [side, px] of Object.entries({ width, height })) {
    if (px !== undefined && (px < min || px > max)) refuse(side, `It is ${min}–${max} px here.`);
  }
}

function checkWaveform(specification: NamedSpecification, refuse: Refuse): void {
  for (const side of ["width", "height"] as const) {
    checkSides(
      { ...specification, width: undefined, height: undefined, [side]: specification[side] },
      WAVEFORM_SIDES_PX[side],
      refuse,
    );
  }
  try {
    parseColor(specification.waveform?.color ?? "black");
  } catch {
    refuse("waveform.color", "This is no CSS colour.");
  }
}

function checkSound(specification: NamedSpecification, format: SoundFormat, refuse: Refuse): void {
  const { start = 0, end } = specification;
  if (end !== undefined && end <= start) refuse("end", `The end has to come after ${start} s.`);
  const { audio_codec, audio_bitrate: kbps = 0, audio_sample_rate: rate = 48_000 } = specification;
  const codecs: readonly string[] = SOUND_CODECS[format];
  const codec = audio_codec ?? SOUND_CODECS[format][0];
  if (!codecs.includes(codec)) refuse("audio_codec", `${format} holds ${codecs.join(" or ")}.`);
  if (kbps > MAX_KBPS[codec]) refuse("audio_bitrate", `${codec} has at most ${MAX_KBPS[codec]} kbit/s.`);
  if (codec === "opus" && !OPUS_RATES.includes(rate)) {
    refuse("audio_sample_rate", `opus has ${OPUS_RATES.join(", ")} Hz.`);
  }
}
