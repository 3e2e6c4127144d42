import { parseArgs } from "node:util";
import { StackError } from "./stack-error.ts";

export interface StackArguments {
  port: number | undefined;
  stateDir: string | undefined;
  serve: boolean;
  transcoder: "auto" | "process";
  files: string[];
}

/**
 * The command line of `dev` and `demo`: `[files…] [--port N] [--state DIR] [--serve] [--transcoder auto|process]`.
 * Throws a {@link StackError} that names what is wrong.
 */
export function parseStackArguments(argv: string[]): StackArguments {
  const { values, positionals } = read(argv);
  const transcoder = values.transcoder ?? "auto";
  if (transcoder !== "auto" && transcoder !== "process") {
    throw new StackError(`--transcoder is auto or process, not ${transcoder}.`);
  }
  return {
    port: values.port === undefined ? undefined : portOf(values.port),
    stateDir: values.state,
    serve: values.serve ?? false,
    transcoder,
    files: positionals,
  };
}

function read(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        port: { type: "string" },
        state: { type: "string" },
        serve: { type: "boolean" },
        transcoder: { type: "string" },
      },
    });
  } catch (error) {
    throw new StackError(`${(error as Error).message.split(". ")[0]}.`);
  }
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new StackError(`--port is a number from 1 to 65535, not ${text}.`);
  }
  return port;
}
