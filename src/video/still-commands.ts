import { planSamples } from "./sample-args.ts";
import { command, inFolder, repeated, settingFor, type TaskCommand } from "./shown-command.ts";
import type { SourceDescription } from "./source.ts";
import type { ThumbnailOutput } from "./still-output.ts";
import { thumbnailRuns } from "./thumbnail-args.ts";

/** How stills are taken: the best ones are looked for first, and then each is sought by its time. */
export function stillCommands(source: SourceDescription, outputs: readonly ThumbnailOutput[]): TaskCommand[] {
  const isChosen = outputs.some(({ best }) => best !== undefined);
  return [
    ...(isChosen ? choosingCommands(source) : []),
    ...outputs.map((output, i) => stillCommand(source, output, i)),
  ];
}

function choosingCommands(source: SourceDescription): TaskCommand[] {
  if (source.video === undefined) return [];
  const { runs } = planSamples(source, source.video, settingFor({}));
  return repeated(
    "choosing",
    runs.map(({ args }) => args),
  );
}

/** The run that finds the frame, if the video is as long as it says. */
function stillCommand(
  source: SourceDescription,
  { atSeconds, best }: ThumbnailOutput,
  number: number,
): TaskCommand {
  const frame = inFolder(`frame-${number}.png`);
  const someTime = source.durationSeconds / 2;
  const [args = []] = thumbnailRuns(source, best ? someTime : atSeconds, settingFor({}), frame);
  const shown = best ? args.map((arg, i) => (args[i - 1] === "-ss" ? "{at}" : arg)) : args;
  return command("seeking", shown);
}
