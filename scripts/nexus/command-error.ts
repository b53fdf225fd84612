/** Why a command of the operator failed, in one line that says what to do. Everything else that is thrown is a bug. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** The command was called wrongly (exit code 2), in a way the parser of arguments could not see. */
  readonly isUsage: boolean;
  /** The API's error code, where it refused. */
  readonly code: string | undefined;

  constructor(message: string, options: { isUsage?: boolean; code?: string } = {}) {
    super(message.replaceAll(/\s+/g, " ").trim());
    this.isUsage = options.isUsage ?? false;
    this.code = options.code;
  }
}
