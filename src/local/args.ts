import { parseArgs } from "node:util";
import { StackError } from "./stack-error.ts";

export interface StackArguments {
  port: number | undefined;
  stateDir: string | undefined;
  serve: boolean;
  transcoder: "auto" | "process";
  /** Variables of `wrangler.toml` that are set otherwise. */
  variables: Record<string, string>;
  files: string[];
}

/**
 * The command line of `dev` and `demo`: `[files…] [--port N] [--state DIR] [--serve] [--transcoder auto|process]
 * [--var NAME=value]…`.
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
    variables: Object.fromEntries((values.var ?? []).map(variableOf)),
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
        var: { type: "string", multiple: true },
      },
    });
  } catch (error) {
    throw new StackError(`${(error as Error).message.split(". ")[0]}.`);
  }
}

function variableOf(text: string): [name: string, value: string] {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=([^\n]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new StackError(`--var is NAME=value, such as CHUNK_SECONDS=30, not ${text}.`);
  }
  return [name, value];
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new StackError(`--port is a number from 1 to 65535, not ${text}.`);
  }
  return port;
}
