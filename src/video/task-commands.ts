import { z } from "zod";
import { MediaError } from "../errors.ts";
import { planAnalysis } from "./analysis-args.ts";
import { analysisOutput } from "./analysis-output.ts";
import { chunkSeeks } from "./chunk-seeks.ts";
import { planComplexitySamples } from "./complexity-args.ts";
import { encoderChain } from "./encoder-chain.ts";
import { WANTED_ENCODERS } from "./encoders.ts";
import { firstFrameProbeArgs, keyframeProbeArgs, probeArgs } from "./ffmpeg-args.ts";
import { fileArgs, firstPassArgs } from "./file-args.ts";
import { fileOutput } from "./file-output.ts";
import { planParts } from "./file-parts.ts";
import { planFile } from "./file-plan.ts";
import { fitFrame } from "./frame-size.ts";
import { LOUDNESS_WORDS } from "./loudness.ts";
import { streamOutput } from "./output.ts";
import { previewArgs, previewOutput } from "./preview.ts";
import { segmentRange } from "./protocol.ts";
import { command, inFolder, repeated, settingFor, type TaskCommand } from "./shown-command.ts";
import { soundOutput, waveformOutput } from "./sound-output.ts";
import { measuringArgs, planSound, requireSound, soundArgs } from "./sound-plan.ts";
import { type SourceDescription, sourceDescription, type VideoDescription } from "./source.ts";
import { stillCommands } from "./still-commands.ts";
import { thumbnailOutput } from "./still-output.ts";
import { stitchArgs } from "./stitch.ts";
import { lengthOfPicture, planStoryboard, storyboardOutput } from "./storyboard.ts";
import { sheetArgs, tileRuns } from "./storyboard-args.ts";
import { audioArgs, chunkArgs, streamArgs } from "./stream-args.ts";
import { planStream } from "./stream-plan.ts";
import { planSoundOf } from "./stream-sound.ts";
import { planSubtitles, subtitleArgs } from "./subtitles.ts";
import { isPq } from "./video-filters.ts";
import { samplesArgs } from "./waveform.ts";

/**
 * The programs that a container task runs on the media, in order, made by the functions that the transcoder calls.
 * What it alone knows are words: `{input}`, `{folder}`, `{threads}`, where a logo lies, what a first pass measures.
 *
 * @param spec what the task carries; one that cannot be understood or planned gives nothing
 * @param learned of the input, as far as it is known
 */
export function commandsOf(kind: string, spec: unknown, learned: unknown): TaskCommand[] {
  try {
    return COMMANDS[kind]?.(spec, learned) ?? [];
  } catch (error) {
    // Of a deploy with other specifications, or impossible: the task says so when it is run.
    if (error instanceof z.ZodError || error instanceof MediaError) return [];
    throw error;
  }
}

const inParts = z.union([streamOutput, fileOutput]);
const about = <T extends z.ZodType>(output: T) => z.object({ source: sourceDescription, output });
const SPECS = {
  transcode: about(fileOutput),
  stream: about(streamOutput),
  chunk: about(inParts).extend({ range: segmentRange }),
  audio: about(inParts),
  thumbnail: about(thumbnailOutput).extend({ others: z.array(thumbnailOutput).default([]) }),
  storyboard: about(storyboardOutput),
  preview: about(previewOutput),
  sound: about(soundOutput),
  waveform: about(waveformOutput),
  analysis: about(analysisOutput),
  words: z.object({ source: sourceDescription }),
  probe: z.object({ outputs: z.array(z.object({ contentAware: z.boolean().optional() })) }),
};

const COMMANDS: Record<string, (spec: unknown, learned: unknown) => TaskCommand[]> = {
  probe(spec, learned) {
    const { outputs } = SPECS.probe.parse(spec);
    const source = sourceDescription.safeParse(learned).data;
    const isMeasured = outputs.some(({ contentAware }) => contentAware);
    return [
      command("probing", probeArgs("{input}"), "ffprobe"),
      command("probing", keyframeProbeArgs("{input}"), "ffprobe"),
      ...(source?.video && isPq(source.video)
        ? [command("probing", firstFrameProbeArgs("{input}"), "ffprobe")]
        : []),
      ...(isMeasured && source?.video ? complexityCommands(source, source.video) : []),
    ];
  },
  transcode(spec) {
    const { source, output } = SPECS.transcode.parse(spec);
    const plan = planFile(source, output);
    const [choice] = encoderChain(output, WANTED_ENCODERS);
    const setting = settingFor(output);
    const file = inFolder(`output.${output.format}`);
    if (choice === undefined) return [];
    if (!output.twoPass) return [command("encoding", fileArgs(plan, choice, setting, file))];
    const logFile = inFolder("passes");
    return [
      command("analysing", firstPassArgs(plan, choice, setting, logFile)),
      command("encoding", fileArgs(plan, choice, setting, file, { number: 2, logFile })),
    ];
  },
  stream(spec) {
    const { source, output } = SPECS.stream.parse(spec);
    return [command("encoding", streamArgs(planStream(source, output), settingFor(output)))];
  },
  chunk(spec) {
    const { source, output, range } = SPECS.chunk.parse(spec);
    const plan = planParts(source, output);
    const [seek] = chunkSeeks(plan, range);
    return [command("encoding", chunkArgs(plan, range, seek, settingFor(output)))];
  },
  audio(spec) {
    const { source, output } = SPECS.audio.parse(spec);
    return [command("encoding", audioArgs(planSoundOf(source, output), settingFor({})))];
  },
  stitch(spec) {
    const { source, output } = SPECS.transcode.parse(spec);
    const kinds = ["video" as const, ...planParts(source, output).audio.map(() => "audio" as const)];
    const tracks = kinds.map((kind, i) => ({ kind, file: inFolder(`track-${i}.mp4`) }));
    return [
      command("joining", stitchArgs(output, tracks, settingFor({}), inFolder(`output.${output.format}`))),
    ];
  },
  subtitles(spec) {
    const { source } = SPECS.words.parse(spec);
    return [command("encoding", subtitleArgs(planSubtitles(source), settingFor({})))];
  },
  thumbnail(spec) {
    const { source, output, others } = SPECS.thumbnail.parse(spec);
    return stillCommands(source, [output, ...others]);
  },
  storyboard(spec) {
    const { source, output } = SPECS.storyboard.parse(spec);
    const { video } = source;
    if (video === undefined) return [];
    const plan = planStoryboard(lengthOfPicture(source), output);
    const { width = 160, height } = output.image;
    const tile = fitFrame(video, { width, height, allowEnlarge: false });
    return [
      ...repeated("seeking", tileRuns(plan, video, tile, settingFor({}))),
      command("joining", sheetArgs(plan)),
    ];
  },
  preview(spec) {
    const { source, output } = SPECS.preview.parse(spec);
    if (source.video === undefined) return [];
    const args = previewArgs(source, source.video, output, settingFor({}), inFolder("preview.webp"));
    return [command("encoding", args)];
  },
  sound(spec) {
    const { source, output } = SPECS.sound.parse(spec);
    const plan = planSound(source, output);
    const file = inFolder(`sound.${output.format}`);
    const { loudness } = output;
    if (loudness === undefined) return [command("encoding", soundArgs(plan, settingFor({}), file))];
    return [
      command("measuring", measuringArgs(plan, loudness, settingFor({}))),
      command("encoding", soundArgs(plan, settingFor({}), file, LOUDNESS_WORDS)),
    ];
  },
  waveform(spec) {
    const { trackIndex, sampleRate } = requireSound(SPECS.waveform.parse(spec).source);
    return [command("measuring", samplesArgs(trackIndex, sampleRate, settingFor({})))];
  },
  analysis(spec) {
    const { source } = SPECS.analysis.parse(spec);
    return [command("measuring", planAnalysis(source, settingFor({})).args)];
  },
  /** A still or a file made again; pictures need no ffmpeg. */
  watermark(spec, learned) {
    const isFile = SPECS.transcode.safeParse(spec).success;
    return COMMANDS[isFile ? "transcode" : "thumbnail"]?.(spec, learned) ?? [];
  },
};

function complexityCommands(source: SourceDescription, video: VideoDescription): TaskCommand[] {
  const { runs } = planComplexitySamples(source, video, settingFor({}));
  return repeated(
    "measuring",
    runs.map(({ args }) => args),
  );
}
