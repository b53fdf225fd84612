/**
 * The user's own text in a message, without what clients add (reminders, command output, files, the summary of a
 * compaction). Used for titles of conversations, labels of branches and alerts.
 */
import { isObject, parseJsonBytes } from "../json/json.ts";
import { plainText } from "../truncate.ts";
import { contentTexts } from "./content.ts";
import { replaceElements } from "./elements.ts";
import { withoutReminders } from "./reminders.ts";

/** Characters stored with each request: a line in a list, a label in a tree. */
const MAX_PROMPT_TEXT = 120;
/** Longer messages are uploads and are not parsed. */
const MAX_MESSAGE_BYTES = 4 * 1_048_576;
/** Characters of a text that are searched for elements of the client. */
const MAX_TEXT = 200_000;

/** Elements whose content comes from the client or a program. */
const CLIENT_ELEMENTS =
  /<(local-command-stdout|local-command-stderr|local-command-caveat|command-message|bash-stdout|bash-stderr|task-notification|fork-boilerplate|ide_opened_file|ide_selection|post-tool-use-hook|user-prompt-submit-hook)>[\s\S]*?(?:<\/\1>|$)/gi;
/** Elements whose content the user wrote, and how it reads. */
const USER_ELEMENTS: readonly [tag: string, read: (inner: string) => string][] = [
  ["command-name", (command) => `${command} `],
  ["command-args", (words) => `${words} `],
  ["bash-input", (command) => `! ${command} `],
];
/** Texts that clients send in the role of the user. */
const CLIENT_TEXTS = [
  /^\s*\[Request interrupted by user/i,
  /^\s*Continue from where you left off\.?\s*$/i,
  /^\s*This session is being continued from a previous conversation that ran out of context/i,
  /Your task is to create a detailed summary of the conversation/i,
];

/** The user's texts in a content (of a message with the role `user`); empty texts are left out. */
export function promptTexts(content: unknown): string[] {
  return contentTexts(content)
    .map(withoutClientText)
    .filter((text) => text !== "");
}

/**
 * The user's text after the last assistant message, as one line of at most 120 characters. `messages` are JSON texts, oldest
 * first; the end of a history is enough. Null without a text: tool results, a retry, no message.
 */
export function userPromptText(messages: readonly Uint8Array[], parse = parseJsonBytes): string | null {
  const texts: string[] = [];
  for (const bytes of messages.toReversed()) {
    if (bytes.length > MAX_MESSAGE_BYTES) continue;
    const message = parse(bytes);
    if (!isObject(message)) continue;
    if (message["role"] === "assistant") break;
    const text = message["role"] === "user" ? promptTexts(message["content"]).join(" ") : "";
    if (text !== "") texts.push(text);
  }
  return plainText(texts.reverse().join(" "), MAX_PROMPT_TEXT) || null;
}

function withoutClientText(whole: string): string {
  const text = withoutReminders(whole).slice(0, MAX_TEXT);
  if (CLIENT_TEXTS.some((pattern) => pattern.test(text))) return "";
  if (!text.includes("<")) return text;
  return USER_ELEMENTS.reduce(
    (rest, [tag, read]) => replaceElements(rest, tag, read),
    text.replace(CLIENT_ELEMENTS, " "),
  ).trim();
}
