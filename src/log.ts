type Level = "info" | "warn" | "error";

/** Fields beside the fixed ones; ids, codes and durations, never keys, tokens or media content. */
interface LogFields {
  request_id?: string;
  job_id?: string;
  task_id?: string;
  duration_ms?: number;
  [field: string]: string | number | boolean | null | undefined;
}

/** Writes one JSON object a line, with the same first fields everywhere. */
export function log(level: Level, component: string, event: string, fields: LogFields = {}): void {
  console.log(JSON.stringify({ ts: new Date().toISOString(), level, component, event, ...fields }));
}
