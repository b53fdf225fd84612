/** What runs without a person: nightly scripts and little tools with the SDK of their language, and their mistakes. */
import { randomOf } from "../fake-claude/random.ts";
import type { PlannedExchange, PlannedOutcome } from "./exchange.ts";
import type { Project } from "./scenarios/scenario.ts";

interface ScriptPlan {
  name: string;
  domain: string;
  project: Project;
  /** Milliseconds since the day began. */
  at: number;
}

type Step = Partial<PlannedExchange> & { outcome: PlannedOutcome };

/** JSON as Python's json.dumps writes it: blanks after the separators, nothing but ASCII. */
export function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`;
  if (typeof value === "object" && value !== null)
    return `{${Object.entries(value)
      .map(([key, inner]) => `${pythonJson(key)}: ${pythonJson(inner)}`)
      .join(", ")}}`;
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

const pythonHeaders = {
  "user-agent": "python-requests/2.32.5",
  "accept-encoding": "gzip, deflate",
  accept: "*/*",
  "content-type": "application/json",
  "anthropic-version": "2023-06-01",
};

const sdkHeaders = {
  accept: "application/json",
  "content-type": "application/json",
  "user-agent": "Anthropic/JS 1.12.0",
  "x-stainless-retry-count": "0",
  "x-stainless-lang": "js",
  "x-stainless-package-version": "1.12.0",
  "x-stainless-os": "Linux",
  "x-stainless-arch": "x64",
  "x-stainless-runtime": "node",
  "x-stainless-runtime-version": "v24.11.0",
  "anthropic-version": "2026-10-21",
  "accept-encoding": "gzip, deflate",
};

function steps(plan: ScriptPlan, sender: string, list: Step[]): PlannedExchange[] {
  return list.map((step, index) => ({
    key: `${plan.name}/${sender}/${index}`,
    at: plan.at + index * 5_000,
    domain: plan.domain,
    sender,
    kind: "script",
    method: "POST",
    path: "/v1/messages",
    headers: sdkHeaders,
    auth: "x-api-key",
    body: null,
    after: index === 0 ? [] : [`${plan.name}/${sender}/${index - 1}`],
    ...step,
  }));
}

const says = (words: string): PlannedOutcome => ({
  kind: "response",
  response: { content: [{ type: "text", text: words }] },
});

/** A nightly Python script: release notes from commit titles, one request without a stream, then a shorter version. */
export function releaseNotes(plan: ScriptPlan): PlannedExchange[] {
  const random = randomOf(plan.name, "release-notes");
  const commits = random.shuffle(plan.project.tasks).map((task) => `- ${task.commit} (${random.hex(7)})`);
  const system = "You write release notes for colleagues who do not read code. Plain words, no marketing.";
  const ask = `Write release notes for ${plan.project.about} from these commits – at most five lines:\n\n${commits.join("\n")}`;
  const notes = plan.project.tasks.map((task) => `- **${task.title}.** ${task.commit}.`).join("\n");
  const first = [{ role: "user", content: ask }];
  const shorter = [
    ...first,
    { role: "assistant", content: notes },
    { role: "user", content: "Now as one sentence for the chat channel, please." },
  ];
  const body = (messages: unknown) =>
    pythonJson({ model: "claude-sonnet-5-5", max_tokens: 1200, temperature: 0.2, system, messages });
  return steps(plan, "release-notes", [
    { headers: pythonHeaders, body: body(first), outcome: says(notes) },
    {
      headers: pythonHeaders,
      body: body(shorter),
      outcome: says(
        `This week: ${plan.project.tasks[0]!.commit.toLowerCase()}, and ${plan.project.tasks.length - 1} smaller things.`,
      ),
    },
  ]);
}

const TICKETS: [words: string, label: string, urgency: string][] = [
  ["I was charged twice for order 77120, please refund one of them.", "payments", "high"],
  ["How do I change the delivery address after ordering?", "orders", "low"],
  ["Your app logs me out every few minutes since yesterday.", "account", "medium"],
  ["The invoice shows 19% although it is a book.", "invoices", "medium"],
  ["Página en español no carga las imágenes — puedo mandar capturas.", "website", "low"],
];

/** Support triage with a forced tool: many small requests to a small model, one of them with a model that is gone. */
export function triage(plan: ScriptPlan): PlannedExchange[] {
  const random = randomOf(plan.name, "triage");
  const tool = {
    name: "file_ticket",
    description: "Files a support ticket under a topic with an urgency.",
    input_schema: {
      type: "object",
      properties: { topic: { type: "string" }, urgency: { type: "string", enum: ["low", "medium", "high"] } },
      required: ["topic", "urgency"],
    },
  };
  const body = (words: string, model: string) =>
    JSON.stringify({
      model,
      max_tokens: 200,
      system: "You sort incoming support messages of a web shop.",
      tools: [tool],
      tool_choice: { type: "tool", name: "file_ticket" },
      messages: [{ role: "user", content: words }],
    });
  const list: Step[] = random.shuffle(TICKETS).map(([words, topic, urgency]) => ({
    body: body(words, "claude-haiku-5-5"),
    outcome: {
      kind: "response",
      response: {
        content: [
          { type: "tool_use", id: `toolu_01${random.hex(22)}`, name: tool.name, input: { topic, urgency } },
        ],
      },
    },
  }));
  list.splice(2, 0, {
    body: body("Is the shop open on Sundays?", "claude-3-opus-20240229"),
    outcome: { kind: "error", status: 404, message: "model: claude-3-opus-20240229" },
  });
  return steps(plan, "support-triage", list);
}

/** A tool that looks which models there are, counts tokens first, and once sends too long a prompt. */
export function budgetCheck(plan: ScriptPlan): PlannedExchange[] {
  const ask = {
    role: "user",
    content: `Which of these files should be read first by somebody new to ${plan.project.about}?`,
  };
  const files = plan.project.symbols.map((one) => `<file path="${one.path}">\n${one.text}</file>`).join("\n");
  const messages = [{ ...ask, content: `${ask.content}\n\n${files}` }];
  const { "content-type": _type, ...reading } = sdkHeaders;
  return steps(plan, "budget-check", [
    {
      kind: "models",
      method: "GET",
      path: "/v1/models?limit=20",
      headers: reading,
      outcome: { kind: "own" },
    },
    {
      kind: "count-tokens",
      path: "/v1/messages/count_tokens",
      body: JSON.stringify({ model: "claude-opus-5-5", messages }),
      outcome: { kind: "own" },
    },
    {
      headers: { ...sdkHeaders, "x-stainless-helper-method": "stream" },
      body: JSON.stringify({ model: "claude-opus-5-5", max_tokens: 2000, stream: true, messages }),
      outcome: says(
        `Start with \`${plan.project.symbols[0]!.path}\`: it ${plan.project.symbols[0]!.purpose}, and most of the others are called from there.\n\nThen, in this order:\n\n${plan.project.symbols
          .slice(1)
          .map((one, index) => `${index + 1}. \`${one.path}\` – it ${one.purpose}.`)
          .join("\n")}`,
      ),
    },
    {
      body: JSON.stringify({
        model: "claude-opus-5-5",
        max_tokens: 2000,
        messages: [{ ...ask, content: `${ask.content}\n\n${files.repeat(30)}` }],
      }),
      outcome: {
        kind: "error",
        status: 400,
        message: "prompt is too long: 1214807 tokens > 1000000 maximum",
      },
    },
  ]);
}
