/** A tool for agents. */
import type { z } from "zod";
import type { Owner } from "../store/conversations/find.ts";
import type { McpContext } from "./context.ts";

export interface ToolScope {
  context: McpContext;
  /** Whose conversations the tool reads. */
  owner: Owner;
  /** Epoch milliseconds. */
  now: number;
}

export interface ToolResult {
  text: string;
  /** Numbers of ours; stored text stands between fence lines only. */
  structured?: Record<string, unknown>;
}

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  name: string;
  title: string;
  description: string;
  input: Input;
  /** What the audit log names as read. */
  target(given: z.output<Input>): string;
  /** Throws ToolFailure for what the caller may mend. */
  run(given: z.output<Input>, scope: ToolScope): Promise<ToolResult>;
}

/** An error whose message is for the caller. */
export class ToolFailure extends Error {
  override readonly name = "ToolFailure";
}
