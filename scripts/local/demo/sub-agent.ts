/** A sub-agent's errand: its own short conversation under the session's id and an agent id of its own. */
import { numbered, type Call } from "./steps.ts";
import { isOld } from "./claude-code.ts";
import { text, type Agent, type Content, type Message } from "./message.ts";
import { environmentEntry, instructionsReminder } from "./client-text.ts";
import type { SessionLog } from "./session-log.ts";
import type { Errand } from "./scenarios/story.ts";

/** Plays it to its report; returns the key of its last exchange. */
export function playErrand(
  log: SessionLog,
  errand: Errand,
  agent: Agent,
  spawner: readonly string[],
): string {
  const { client, project, date } = log.plan;
  const messages: Message[] = [
    {
      role: "user",
      content: [text(instructionsReminder(log.root, project.instructions)), text(errand.prompt)],
    },
  ];
  if (!isOld(client)) messages.push(environmentEntry(log.root, client.model, date));
  let after = spawner;
  const send = (content: Content[], stopReason: string): string => {
    const key = log.send({
      kind: "subtask",
      body: log.body(messages, agent),
      agent,
      after,
      outcome: { kind: "answer", answer: { content, stopReason } },
    });
    after = [key];
    messages.push({ role: "assistant", content });
    return key;
  };
  for (const step of steps(log, errand)) {
    const id = `toolu_01${log.random.hex(22)}`;
    send([{ type: "tool_use", id, name: step.name, input: step.input }], "tool_use");
    messages.push({
      role: "user",
      content: [{ tool_use_id: id, type: "tool_result", content: step.result }],
    });
  }
  return send([text(errand.report)], "end_turn");
}

function steps(log: SessionLog, errand: Errand): Call[] {
  const path = errand.hits[0]?.split(":")[0] ?? "README.md";
  const source = log.plan.project.symbols.find((one) => one.path === path);
  const seen = errand.hits.map((hit) => hit.split(":").slice(2).join(":")).join("\n");
  return [
    {
      name: "Grep",
      input: { pattern: errand.pattern, path: log.root, output_mode: "content" },
      result: errand.hits.join("\n"),
    },
    {
      name: "Read",
      input: { file_path: `${log.root}/${path}` },
      result: numbered(source?.text ?? seen),
    },
  ];
}

/** What the spawner is told when the report has come. */
export function handBack(errand: Errand, agent: Agent, tokens: number): string {
  const report = errand.report.replace(/^/gm, "  ");
  return `[Subagent hand-back] The text below is the report of a subagent.\n${report}\nagentId: ${agent.id}\n<usage>subagent_tokens: ${tokens}\ntool_uses: 2</usage>`;
}

/** The same for an agent in the background, as a note of its own. */
export function notification(errand: Errand, agent: Agent, toolUseId: string): string {
  return `[SYSTEM NOTIFICATION - NOT USER INPUT]\n<task-notification>\n<task-id>${agent.id}</task-id>\n<tool-use-id>${toolUseId}</tool-use-id>\n<status>completed</status>\n<summary>${errand.description}</summary>\n<result>${errand.report}</result>\n</task-notification>`;
}
