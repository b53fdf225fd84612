/** Types of the simulated Claude Code: messages, client, agents. */

export type Content = Record<string, unknown> & { type: string };

export function text(words: string): Content {
  return { type: "text", text: words };
}

/** A message in the client; its form on the wire depends on whether it is the last one. */
export interface Message {
  role: "user" | "assistant" | "system";
  /** A single text of a user or the system is sent as a string unless it is the last message. */
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
}
