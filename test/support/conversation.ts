/**
 * Makes the requests and responses of a growing conversation as Claude Code sends them: system blocks, twelve tools, a cache marker
 * that moves to the newest message, contents that are arrays while newest and strings afterwards, tool calls with results,
 * messages with the role "system". For tests and benchmarks of storage and ingest. Equal arguments give equal bytes; the request
 * of turn n contains all turns before it.
 */
import { responseStream, type Block } from "./response-stream.ts";
import { prose, random } from "./prose.ts";

export interface ConversationOptions {
  /** Each seed is another conversation, with other texts, ids and session. Default 1. */
  seed?: number;
  /** Characters of message text that a turn adds (its response and the next user message together). Default 4096. */
  newText?: number;
  /** Characters of all tool definitions, and of the system prompt. Default 20,000 and 8,000. */
  toolText?: number;
  systemText?: number;
  model?: string;
}

export interface Message {
  role: "user" | "assistant" | "system";
  content: string | Block[];
}

export interface ConversationTurn {
  sessionId: string;
  /** The request body as a value, and as sent. */
  body: Record<string, unknown> & { messages: Message[] };
  bytes: Uint8Array;
  /** Its assistant message, as the next turn sends it back. */
  response: { role: "assistant"; content: Block[] };
  /** The response as an event stream of the Messages API. */
  stream: string;
}

const TOOL_NAMES =
  "Agent Bash Edit ListAgents Read ReportFindings ScheduleWakeup Skill ToolSearch Workflow Glob Write".split(
    " ",
  );
const EPHEMERAL = { type: "ephemeral" };
/** Every eighth turn is a user prompt; the turns between are tool results. */
const TURNS_PER_PROMPT = 8;

/** The exchange of turn `n`, from 0. Takes time and memory with n, as the request itself does. */
export function conversationTurn(n: number, options: ConversationOptions = {}): ConversationTurn {
  const settings = { seed: 1, newText: 4096, toolText: 20_000, systemText: 8_000, ...options };
  const model = options.model ?? "claude-opus-5-5";
  const sessionId = uuid(settings.seed);
  const messages = Array.from({ length: n + 1 }, (_, turn) => {
    const { asked, response } = turnOf(turn, settings);
    return turn < n ? [...asked, response] : asked;
  }).flat();
  messages.push(marked(messages.pop()!));
  const body = {
    model,
    messages,
    system: systemBlocks(settings),
    tools: toolDefinitions(settings),
    metadata: {
      user_id: JSON.stringify({ device_id: "0".repeat(64), account_uuid: "", session_id: sessionId }),
    },
    max_tokens: 128_000,
    thinking: { type: "adaptive", display: "omitted" },
    context_management: { edits: [{ type: "clear_thinking_20251015", keep: "all" }] },
    output_config: { effort: "medium" },
    stream: true,
  };
  const { response } = turnOf(n, settings);
  const bytes = new TextEncoder().encode(JSON.stringify(body));
  const stream = responseStream(response, {
    id: toolId(n, settings.seed).replace("toolu", "msg"),
    model,
    usage: {
      input_tokens: 7,
      cache_creation_input_tokens: 1_000,
      cache_read_input_tokens: 10_000 + n * 1_000,
    },
  });
  return { sessionId, body, bytes, response, stream };
}

type Settings = Required<Omit<ConversationOptions, "model">>;

interface Turn {
  asked: Message[];
  response: { role: "assistant"; content: Block[] };
}

const turns = new Map<string, Turn>();

/** Cached: every later turn sends it again. */
function turnOf(turn: number, settings: Settings): Turn {
  const key = `${settings.seed} ${settings.newText} ${turn}`;
  const known = turns.get(key);
  if (known) return known;
  const made = { asked: userMessages(turn, settings), response: responseOf(turn, settings) };
  turns.set(key, made);
  return made;
}

function isPrompt(turn: number): boolean {
  return turn % TURNS_PER_PROMPT === 0;
}

/** The user messages before the response of `turn`. Strings, as in the history. */
function userMessages(turn: number, { seed, newText }: Settings): Message[] {
  const words = prose(seed, turn * 4, Math.round(newText * 0.7));
  if (!isPrompt(turn)) {
    const content = [
      { tool_use_id: toolId(turn - 1, seed), type: "tool_result", content: words, is_error: false },
    ];
    return [{ role: "user", content }];
  }
  if (turn > 0) return [{ role: "user", content: words }];
  const reminder = `<system-reminder>\nProject instructions: ${prose(seed, 1_000_001, 300)}\n</system-reminder>\n`;
  const content = [
    { type: "text", text: reminder },
    { type: "text", text: words },
  ];
  const environment = `# Environment\n - Primary working directory: /home/dev/project-${seed}\n - Platform: linux`;
  return [
    { role: "user", content },
    { role: "system", content: environment },
  ];
}

function responseOf(turn: number, { seed, newText }: Settings): Turn["response"] {
  const third = Math.round(newText * 0.1);
  const thinking = {
    type: "thinking",
    thinking: prose(seed, turn * 4 + 1, third),
    signature: "c2ln".repeat(20),
  };
  const text = { type: "text", text: prose(seed, turn * 4 + 2, third) };
  if (isPrompt(turn + 1)) return { role: "assistant", content: [thinking, text] };
  const name = TOOL_NAMES[turn % TOOL_NAMES.length]!;
  const input = { command: prose(seed, turn * 4 + 3, third), description: `Step ${turn}` };
  return {
    role: "assistant",
    content: [thinking, text, { type: "tool_use", id: toolId(turn, seed), name, input }],
  };
}

/** As the newest message: an array, the marker on its last block. */
function marked({ role, content }: Message): Message {
  const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
  return {
    role,
    content: blocks.map((block, i) =>
      i === blocks.length - 1 ? { ...block, cache_control: EPHEMERAL } : block,
    ),
  };
}

function systemBlocks({ systemText }: Settings): Block[] {
  const identity = "You are a Claude agent, built on Anthropic's Claude Agent SDK.";
  return [
    { type: "text", text: "x-anthropic-billing-header: cc_version=2.1.330.43c; cc_entrypoint=sdk-cli;" },
    { type: "text", text: identity, cache_control: EPHEMERAL },
    { type: "text", text: prose(0, 1_000_002, systemText), cache_control: EPHEMERAL },
  ];
}

function toolDefinitions({ toolText }: Settings): Record<string, unknown>[] {
  return TOOL_NAMES.map((name, i) => ({
    name,
    description: prose(0, 1_000_003 + i, Math.round(toolText / TOOL_NAMES.length) - 200),
    input_schema: {
      type: "object",
      properties: {
        command: { type: "string", description: "What to do" },
        description: { type: "string" },
      },
      required: ["command"],
      additionalProperties: false,
    },
  }));
}

function toolId(turn: number, seed: number): string {
  const next = random(seed * 7_919 + turn);
  return `toolu_01${Array.from({ length: 22 }, () => Math.floor(next() * 16).toString(16)).join("")}`;
}

/** A version 4 UUID that depends on the seed alone. */
function uuid(seed: number): string {
  const next = random(seed);
  return "xxxxxxxx-xxxx-4xxx-8xxx-xxxxxxxxxxxx".replaceAll("x", () => Math.floor(next() * 16).toString(16));
}
