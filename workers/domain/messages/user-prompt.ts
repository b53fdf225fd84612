/**
 * What a person says newly in a request: the text behind the last answer of its history, without what clients put around
 * it (reminders, command output, files, the summary of a compaction). Titles of conversations and labels of branches are
 * made of it. Pure; called by ingest for every request, so it looks at the end of the history only.
 */
import { isObject, parseJson } from "../json/json.ts";
import { plainText } from "../truncate.ts";

/** Kept with each request that has any; a line in a list, a label in a tree. */
const MAX_PROMPT_TEXT = 120;
/** A message longer than this is an upload, and its first words are not worth parsing it for. */
const MAX_MESSAGE_BYTES = 4 * 1_048_576;
/** Text looked at per message: what clients put before a person's words is shorter. */
const MAX_TEXT = 200_000;

/** Elements whose content is the client's or a program's. */
const CLIENT_ELEMENTS =
  /<(system-reminder|local-command-stdout|local-command-stderr|local-command-caveat|command-message|bash-stdout|bash-stderr|task-notification|fork-boilerplate|ide_opened_file|ide_selection|post-tool-use-hook|user-prompt-submit-hook)>[\s\S]*?(?:<\/\1>|$)/gi;
const COMMAND = /<command-name>([\s\S]*?)<\/command-name>/gi;
const COMMAND_ARGUMENTS = /<command-args>([\s\S]*?)<\/command-args>/gi;
const SHELL_INPUT = /<bash-input>([\s\S]*?)<\/bash-input>/gi;
/** Said by clients in the person's name. */
const CLIENT_TEXTS = [
  /^\s*\[Request interrupted by user/i,
  /^\s*Continue from where you left off\.?\s*$/i,
  /^\s*This session is being continued from a previous conversation that ran out of context/i,
  /Your task is to create a detailed summary of the conversation/i,
];

/**
 * The beginning of the new words, one line of at most 120 characters, from messages given as JSON texts (the last ones of
 * a history are enough, last last); null where nobody says anything new: a tool's result, a retry of nothing, no message.
 */
export function userPromptText(messages: readonly Uint8Array[]): string | null {
  const texts: string[] = [];
  for (let i = messages.length - 1; i >= 0; i--) {
    const bytes = messages[i]!;
    if (bytes.length > MAX_MESSAGE_BYTES) continue;
    const message = parseJson(new TextDecoder().decode(bytes));
    if (!isObject(message)) continue;
    if (message["role"] === "assistant") break;
    if (message["role"] === "user") texts.unshift(...textsOf(message["content"]));
  }
  const prompts = texts.map(withoutClientText).filter((text) => text !== "");
  return prompts.length === 0 ? null : plainText(prompts.join(" "), MAX_PROMPT_TEXT) || null;
}

function textsOf(content: unknown): string[] {
  if (typeof content === "string") return [content];
  if (!Array.isArray(content)) return [];
  return content.flatMap((block) =>
    isObject(block) && block["type"] === "text" && typeof block["text"] === "string" ? [block["text"]] : [],
  );
}

/** One text without what is not the person's. */
function withoutClientText(whole: string): string {
  const text = whole.slice(0, MAX_TEXT);
  if (CLIENT_TEXTS.some((pattern) => pattern.test(text))) return "";
  if (!text.includes("<")) return text.trim();
  return text
    .replace(CLIENT_ELEMENTS, " ")
    .replace(COMMAND, "$1 ")
    .replace(COMMAND_ARGUMENTS, "$1 ")
    .replace(SHELL_INPUT, "! $1 ")
    .trim();
}
