/** The client program of a request, from its user agent. Pure; called by ingest. */
import { plainText } from "../truncate.ts";

const MAX_NAME = 60;

/** "claude-cli/2.1.330" of "claude-cli/2.1.330 (external, cli)"; null without a user agent. */
export function clientName(userAgent: string | undefined): string | null {
  if (userAgent === undefined) return null;
  return plainText(userAgent.split(/\s*[(;,]/, 1)[0]!, MAX_NAME) || null;
}
