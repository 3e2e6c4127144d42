/** The body of an error answer (RFC 9457), as Darkroom fills it. */
export interface ProblemDocument {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance?: string;
  request_id?: string;
  suggested_action?: string;
  errors?: { path: string; message: string }[];
}

/** An answer that is not 2xx. `message` says what to change; the whole document is in `problem`. */
export class DarkroomProblem extends Error {
  readonly status: number;
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument) {
    super(wordsOf(problem));
    this.name = "DarkroomProblem";
    this.status = problem.status;
    this.problem = problem;
  }

  /** The code of the error, such as `invalid_request`. */
  get code(): string {
    return this.problem.type.split("/").at(-1) ?? "unknown";
  }
}

/** Reads a failed answer. One that is not a problem document (a proxy's page) is described by its status alone. */
export async function problemOf(response: Response): Promise<DarkroomProblem> {
  const text = await response.text();
  if (response.headers.get("Content-Type")?.includes("json")) {
    return new DarkroomProblem(JSON.parse(text) as ProblemDocument);
  }
  const title = response.statusText || `HTTP ${response.status}`;
  return new DarkroomProblem({ type: "about:blank", title, status: response.status, detail: title });
}

function wordsOf({ detail, title, errors = [] }: ProblemDocument): string {
  const fields = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message));
  return [detail || title, ...fields].join(" · ");
}
