import { ERRORS, errorCodeOf } from "../errors.ts";
import type { FailureRecord, LetterAttempt } from "../schema/failures.ts";

/** What the history of a failed job says about why, and what to do. */
export interface Diagnosis {
  suggestedCause: string;
  nextStep: string;
  /** Whether the same job, run again as it is, may well succeed. */
  retryMayHelp: boolean;
  /** How many failed or lost attempts ended with each code. */
  attemptsByCode: Record<string, number>;
  /** Where they ran. */
  workers: string[];
}

/** Judges a final failure by its class, and by whether the attempts before it agree with one another. */
export function diagnose(error: FailureRecord, history: readonly LetterAttempt[]): Diagnosis {
  const codes = history.map((attempt) => attempt.failure?.code ?? "worker_lost");
  const attemptsByCode: Record<string, number> = {};
  for (const code of codes) attemptsByCode[code] = (attemptsByCode[code] ?? 0) + 1;
  const workers = [...new Set(history.map((attempt) => attempt.workerId))];
  const onOneWorker = history.length > 1 && workers.length === 1;
  const cause = CAUSES[error.class] ?? "The cause is not known.";
  return {
    suggestedCause:
      onOneWorker && isOfMachine(error) ? `${cause} Every attempt ran on ${workers[0]}.` : cause,
    nextStep: ERRORS[errorCodeOf(error.code)].action,
    retryMayHelp: error.class !== "input" && error.class !== "configuration",
    attemptsByCode,
    workers,
  };
}

const CAUSES: Record<string, string> = {
  transient:
    "The network or storage failed at every attempt, which points to an outage rather than to the file.",
  resource: "The work needs more memory or disk than the largest slot has.",
  dependency: "A service outside refused or did not answer at every attempt.",
  codec: "The encoder failed at every attempt: the file or the settings ask for something that it cannot do.",
  system:
    "The workers that ran it were lost again and again, which points to work that kills them, or to the platform.",
  input: "The file is damaged, or is not what it claims to be.",
  configuration: "What was asked for cannot be made of this file.",
};

/** Classes for which it matters where the work ran. */
function isOfMachine(error: FailureRecord): boolean {
  return error.class === "resource" || error.class === "system" || error.class === "transient";
}
