/** What the handlers of one request share. */
import type { PromptLibrary } from "../domain/prompts/render-prompt.ts";
import type { Config } from "../runtime/config.ts";

export interface McpCaller {
  domain: string;
  /** The account of the domain; null where clients bring their own credential. */
  accountId: string | null;
  /** Null where no key is required. */
  clientKeyId: string | null;
}

export interface McpContext {
  env: Env;
  ctx: Pick<ExecutionContext, "waitUntil">;
  config: Config;
  caller: McpCaller;
  prompts: () => Promise<PromptLibrary>;
}
