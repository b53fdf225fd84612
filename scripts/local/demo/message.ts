/** What the demo's Claude Code knows while it talks: messages, the client, its agents. */

export type Content = Record<string, unknown> & { type: string };

export function text(words: string): Content {
  return { type: "text", text: words };
}

/** A message as the client remembers it; how it is written depends on whether it is the last one. */
export interface Message {
  role: "user" | "assistant" | "system";
  /** A single text of a user or the system is written as a string once it is history. */
  content: Content[];
  /** Further members of a role:system entry. */
  extra?: Record<string, unknown>;
}

export interface Client {
  version: "2.1.330" | "1.0.58";
  entrypoint: "cli" | "sdk-cli";
  model: string;
  deviceId: string;
  accountUuid: string;
  runtimeVersion: string;
  os: "Linux" | "MacOS";
}

export interface Agent {
  id: string;
  parentId: string | null;
}
