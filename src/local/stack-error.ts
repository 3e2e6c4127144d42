/** Something on this machine stands in the way. `message` is one sentence for the person at the terminal. */
export class StackError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "StackError";
  }
}
