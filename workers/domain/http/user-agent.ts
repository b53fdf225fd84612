/** The client program of a request, from its user agent. Pure; called by ingest and the API. */
import { plainText } from "../truncate.ts";

const MAX_NAME = 60;

/** "claude-cli/2.1.330" of "claude-cli/2.1.330 (external, cli)"; null without a user agent. */
export function clientName(userAgent: string | undefined): string | null {
  if (userAgent === undefined) return null;
  return plainText(userAgent.split(/[(;,]/, 1)[0]!, MAX_NAME) || null;
}

/** Name and version of a client: "claude-cli" and "2.1.330" of "claude-cli/2.1.330". */
export function clientParts(client: string | null): {
  clientName: string | null;
  clientVersion: string | null;
} {
  const [name, version] = client?.split("/", 2) ?? [];
  return { clientName: name || null, clientVersion: version || null };
}
