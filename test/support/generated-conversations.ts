/** Generated traffic for linking: several clients at once, some with ids and some without. */
import { newExchangeId, startedAtOf } from "../../workers/domain/exchange-id.ts";
import {
  evidenceOf,
  type LinkableExchange,
  type FullEvidence,
} from "../../workers/domain/linking/evidence/evidence.ts";
import { random } from "./prose.ts";

type Block = Record<string, unknown>;
interface Message {
  role: string;
  content: string | Block[];
}

interface Sent {
  history: Message[];
  response: Block[] | null;
  session: string | null;
  agent: string | null;
  parentAgent: string | null;
  isSummary: boolean;
  /** Of a side request or the agent of a workflow; default: none. */
  requestClass?: string;
  system?: string;
}

export interface GeneratedConversations {
  evidence: FullEvidence[];
  /** The evidence before the response arrived, by request id. */
  unanswered: ReadonlyMap<string, FullEvidence>;
}

const WORDS = ["one", "two", "three", "four"];
const ASK = "Your task is to create a detailed summary of the conversation so far";
const CONTINUATION =
  "This session is being continued from a previous conversation that ran out of context. The conversation is summarized below:\n";

/**
 * Up to about twenty requests of two to four conversations; few words, so that many texts are equal. With `isRepetitive`, the
 * clients name a session and send side requests of one text after many turns.
 */
export function generateConversations(seed: number, isRepetitive = false): GeneratedConversations {
  const exchanges = generateExchanges(seed, isRepetitive).map(({ exchange }) => exchange);
  const evidence = exchanges.flatMap((each) => evidenceOf(each) ?? []);
  const unanswered = new Map(
    exchanges.flatMap((each) => {
      const evidence = evidenceOf({ ...each, response: null, isResponseComplete: false });
      return evidence ? [[each.requestId, evidence] as const] : [];
    }),
  );
  return { evidence, unanswered };
}

/** The history with the prompt cache up to its newest message. */
function withCacheMarker(history: readonly Message[]): unknown[] {
  return history.map(({ role, content }, n) =>
    n < history.length - 1 || typeof content === "string"
      ? { role, content }
      : { role, content: content.map((block) => ({ ...block, cache_control: { type: "ephemeral" } })) },
  );
}

/** The same as exchanges, with the start of each in epoch milliseconds. */
export function generateExchanges(
  seed: number,
  isRepetitive = false,
): { at: number; exchange: LinkableExchange }[] {
  const next = random(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)]!;
  const exchanges: LinkableExchange[] = [];
  const sent: Sent[] = [];
  let at = Date.UTC(2026, 0, 1);
  let tools = 0;

  const exchange = (request: Sent): void => {
    at += pick([0, 5, 400, 1_500, 40_000]);
    const id = newExchangeId(
      at,
      Uint8Array.from({ length: 10 }, () => Math.floor(next() * 256)),
    );
    const isFailed = request.response === null;
    exchanges.push({
      requestId: id,
      headers: {
        "user-agent": client,
        ...(request.session !== null && { "x-claude-code-session-id": request.session }),
        ...(request.agent !== null && { "x-claude-code-agent-id": request.agent }),
        ...(request.parentAgent !== null && { "x-claude-code-parent-agent-id": request.parentAgent }),
        ...(request.requestClass !== undefined && { "x-claude-code-request-class": request.requestClass }),
        ...(next() < 0.3 && { "x-claude-code-prompt-id": pick(WORDS) }),
      },
      body: next() < 0.5 ? {} : { metadata: { user_id: JSON.stringify({ device_id: pick(["d1", "d2"]) }) } },
      messages: next() < 0.5 ? request.history : withCacheMarker(request.history),
      system: request.system ?? pick(["You help.", "You help.", "Other.\nWorking directory: /a"]),
      tools: [{ name: "Agent", input_schema: {} }],
      response: request.response,
      isResponseComplete: !isFailed,
      isBodyComplete: next() > 0.02,
    });
    sent.push(request);
  };

  const answer = (): Block[] | null => {
    const kind = next();
    if (kind < 0.12) return null;
    if (kind < 0.5) return [{ type: "text", text: pick(WORDS) }];
    if (kind < 0.66) return [tool("Bash", { command: "ls" })];
    if (kind < 0.72) return [tool("Workflow", { script: "x" })];
    const calls = Array.from({ length: 1 + Math.floor(next() * 2) }, () =>
      tool("Agent", { prompt: pick(WORDS) }),
    );
    return [{ type: "text", text: "Go." }, ...calls];
  };
  const tool = (name: string, input: Block): Block => ({
    type: "tool_use",
    id: `toolu_${seed}_${tools++}`,
    name,
    input,
  });
  const user = (text: string): Message => ({ role: "user", content: [{ type: "text", text }] });
  const start = (session: string | null): void =>
    exchange({
      history: [user(pick(WORDS))],
      response: answer(),
      session,
      agent: null,
      parentAgent: null,
      isSummary: false,
    });

  /** The client's message after a response. */
  const reply = (blocks: Block[]): Message => {
    const results = blocks
      .filter((block) => block["type"] === "tool_use")
      .map((block) => ({
        type: "tool_result",
        tool_use_id: block["id"],
        content: pick(["ok", `ok\nagentId: a${pick(WORDS)}`]),
      }));
    return results.length > 0 ? { role: "user", content: results } : user(pick(WORDS));
  };
  const continued = (from: Sent): Message[] =>
    from.response === null
      ? [...from.history, user(pick(WORDS))]
      : [...from.history, { role: "assistant", content: from.response }, reply(from.response)];

  /** Repeats a history, or has none. */
  const sideRequest = (from: Sent): void => {
    const repeated = [...continued(from).slice(0, -1), user("[SUGGESTION MODE: what next]")];
    const side = pick([
      { history: repeated, requestClass: "auxiliary" },
      { history: repeated },
      { history: repeated },
      ...Array.from({ length: isRepetitive ? 10 : 1 }, () => ({
        history: [...continued(from).slice(0, -1), user("Words of a client of tomorrow")],
      })),
      { history: [user(pick(WORDS))], system: "You run a web search for another Claude model." },
    ]);
    exchange({ ...from, response: answer(), isSummary: false, ...side });
    // A person may have written the words: then the request is continued.
    if (next() < (isRepetitive ? 0.8 : 0.5)) sent.pop();
  };

  const client = pick(["test", "claude-cli/2.1.332 (external, cli)"]);
  const named = [`s${seed}a`, `s${seed}b`];
  const sessions = isRepetitive ? named : [null, null, ...named];
  start(pick(sessions));
  const length = 4 + Math.floor(next() * (isRepetitive ? 12 : 14));
  while (exchanges.length < length) {
    const from = pick(sent.slice(isRepetitive ? -3 : -5));
    const what = next();
    if (isRepetitive && next() < 0.5) sideRequest(from);
    else if (what < 0.05) sideRequest(from);
    else if (what < 0.08 && from.session !== null)
      exchange({
        ...from,
        history: [user("[Workflow harness] x")],
        response: answer(),
        agent: `a${pick(WORDS)}`,
      });
    else if (what < 0.14) start(pick(sessions));
    else if (what < 0.5) exchange({ ...from, history: continued(from), response: answer() });
    else if (what < 0.58) exchange({ ...pick(sent), response: answer() });
    else if (what < 0.66) {
      const back = pick(sent);
      exchange({ ...back, history: continued(back), response: answer() });
    } else if (what < 0.72)
      exchange({ ...from, history: continued(from), response: answer(), session: `f${exchanges.length}` });
    else if (what < 0.8)
      exchange({
        ...from,
        history: [...continued(from).slice(0, -1), user(ASK)],
        response: [{ type: "text", text: `sum ${pick(WORDS)}` }],
        isSummary: true,
      });
    else if (what < 0.86) {
      const asked = sent.findLast(({ isSummary }) => isSummary);
      const text = (asked?.response?.[0]?.["text"] as string | undefined) ?? "none";
      exchange({
        ...(asked ?? from),
        history: [user(`${CONTINUATION}${text}`)],
        response: answer(),
        isSummary: false,
      });
    } else {
      const agent = from.session === null ? null : `a${pick(WORDS)}`;
      exchange({
        history: [user(pick(WORDS))],
        response: answer(),
        session: from.session,
        agent,
        parentAgent: agent === null || next() < 0.5 ? null : from.agent,
        isSummary: false,
      });
    }
  }
  return exchanges.map((exchange) => ({ at: startedAtOf(exchange.requestId)!, exchange }));
}
