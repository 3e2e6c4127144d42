import { ERRORS, toMediaError } from "../../src/errors.ts";
import { type EncoderChoice, encoderChain } from "../../src/video/encoder-chain.ts";
import type { FileOutput } from "../../src/video/file-output.ts";
import { log, withoutUrls } from "./log.ts";
import type { TaskContext } from "./task-context.ts";

/**
 * Encodes with the first encoder of an output's chain that can do it. Only an encoder that fails by itself hands over
 * to the next: what is wrong with the source or the machine is wrong for all.
 *
 * @throws {MediaError} `encoder_missing`, or what the last encoder failed with
 */
export async function tryEncoders<T>(
  context: TaskContext,
  output: FileOutput,
  encode: (choice: EncoderChoice) => Promise<T>,
): Promise<{ made: T; choice: EncoderChoice }> {
  const chain = encoderChain(output, context.encoders);
  for (const [i, choice] of chain.entries()) {
    try {
      return { made: await encode(choice), choice };
    } catch (thrown) {
      context.signal.throwIfAborted();
      const error = toMediaError(thrown);
      if (i === chain.length - 1 || !isEncodersFault(error.code)) throw error;
      log("encoder_gave_up", {
        encoder: choice.encoder.name,
        detail: withoutUrls(error.privateDetail ?? error.message),
      });
    }
  }
  throw new Error("A chain has at least one encoder.");
}

function isEncodersFault(code: keyof typeof ERRORS): boolean {
  return code === "encoder_missing" || ERRORS[code].class === "codec";
}
