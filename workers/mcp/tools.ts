/** `tools/list` and `tools/call`: reading tools for agents, within what their client key has sent and received. */
import { z } from "zod";
import { truncate } from "../domain/truncate.ts";
import { AUDIT_READING_MS } from "../runtime/constants.ts";
import { errorText, log } from "../runtime/log.ts";
import { writeAuditOnce } from "../store/admin/audit.ts";
import type { Owner } from "../store/conversations/find.ts";
import { DatabaseUnavailableError } from "../store/db/errors.ts";
import type { McpContext } from "./context.ts";
import { invalidParams } from "./prompts.ts";
import { getConversation } from "./get-conversation.ts";
import { listRecentErrors } from "./list-recent-errors.ts";
import { searchConversations } from "./search-conversations.ts";
import { type Tool, ToolFailure, type ToolResult } from "./tool.ts";
import { usageNow } from "./usage-now.ts";

/** Characters of a failure, which may quote names of arguments. */
const MAX_FAILURE = 2_000;

const TOOLS = [usageNow, searchConversations, getConversation, listRecentErrors] as readonly Tool[];

const LISTED = TOOLS.map(({ name, title, description, input }) => ({
  name,
  title,
  description,
  inputSchema: z.toJSONSchema(input, { target: "draft-7", io: "input" }),
  annotations: { title, readOnlyHint: true, openWorldHint: false },
}));

/** Whether the caller has tools: they are enabled, and the caller has a key by which its conversations are known. */
export const hasTools = (context: McpContext) => ownerOf(context) !== null;

export const listTools = () => ({ tools: LISTED });

export const ToolParams = z.looseObject({
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()).nullish(),
});

/** The result, or what went wrong as a text for the agent; an unknown tool is an error of the protocol. */
export async function callTool(
  context: McpContext,
  { name, arguments: given }: z.output<typeof ToolParams>,
): Promise<Record<string, unknown>> {
  const tool = TOOLS.find((one) => one.name === name);
  const owner = ownerOf(context);
  if (!tool || !owner) throw invalidParams(`There is no tool "${truncate(name, 100)}".`);
  const input = tool.input.safeParse(given ?? {});
  if (!input.success) {
    const problems = input.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    return failure(problems.join("; "));
  }
  try {
    const now = Date.now();
    // Before anything is read, so that nothing is read without it.
    await audit(context, tool, owner, input.data, now);
    return success(await tool.run(input.data, { context, owner, now }));
  } catch (thrown) {
    if (thrown instanceof ToolFailure) return failure(thrown.message);
    log.error("mcp: tool failed", { tool: name, error: errorText(thrown) });
    return failure(
      thrown instanceof DatabaseUnavailableError
        ? "The database is unavailable. Try again in a minute."
        : "The tool failed. The log of the proxy says why.",
    );
  }
}

function ownerOf({ config, caller: { domain, clientKeyId } }: McpContext): Owner | null {
  if (!config.MCP_TOOLS_ENABLED || clientKeyId === null) return null;
  return config.MCP_TOOLS_SCOPE === "domain" ? { domain } : { domain, clientKeyId };
}

async function audit(
  { config, caller }: McpContext,
  tool: Tool,
  owner: Owner,
  given: Record<string, unknown>,
  now: number,
): Promise<void> {
  const entry = {
    actor: `client-key:${caller.clientKeyId}`,
    role: "client" as const,
    action: `mcp.${tool.name}`,
    target: tool.target(given),
    details: { domain: owner.domain, scope: config.MCP_TOOLS_SCOPE },
    now: new Date(now),
  };
  await writeAuditOnce(config, entry, AUDIT_READING_MS);
}

const success = ({ text, structured }: ToolResult) => ({
  content: [{ type: "text", text }],
  ...(structured && { structuredContent: structured }),
});

const failure = (message: string) => ({
  isError: true,
  content: [{ type: "text", text: truncate(message, MAX_FAILURE) }],
});
