/** An expected failure of a command: one line that says what to do. Any other thrown value is a bug. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** The arguments are wrong (exit code 2) in a way that the parser cannot detect. */
  readonly isUsage: boolean;
  /** The API's error code, if it returned one. */
  readonly code: string | undefined;

  constructor(message: string, options: { isUsage?: boolean; code?: string } = {}) {
    super(message.replaceAll(/\s+/g, " ").trim());
    this.isUsage = options.isUsage ?? false;
    this.code = options.code;
  }
}
