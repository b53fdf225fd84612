/** A subagent task: a short conversation with the session's id and its own agent id. */
import { numbered, type Call } from "./steps.ts";
import { isOld } from "./claude-code.ts";
import { text, type Agent, type Content, type Message } from "./message.ts";
import { environmentEntry, instructionsReminder } from "./client-text.ts";
import type { SessionLog } from "./session-log.ts";
import type { SubagentTask } from "./scenarios/scenario.ts";

/** Plans it up to its report; returns the key of its last exchange. */
export function playSubtask(
  log: SessionLog,
  subtask: SubagentTask,
  agent: Agent,
  spawner: readonly string[],
): string {
  const { client, project, date } = log.plan;
  const messages: Message[] = [
    {
      role: "user",
      content: [text(instructionsReminder(log.root, project.instructions)), text(subtask.prompt)],
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
      outcome: { kind: "response", response: { content, stopReason } },
    });
    after = [key];
    messages.push({ role: "assistant", content });
    return key;
  };
  for (const step of subtaskCalls(log, subtask)) {
    const id = `toolu_01${log.random.hex(22)}`;
    send([{ type: "tool_use", id, name: step.name, input: step.input }], "tool_use");
    messages.push({
      role: "user",
      content: [{ tool_use_id: id, type: "tool_result", content: step.result }],
    });
  }
  return send([text(subtask.report)], "end_turn");
}

function subtaskCalls(log: SessionLog, subtask: SubagentTask): Call[] {
  const path = subtask.hits[0]?.split(":")[0] ?? "README.md";
  const source = log.plan.project.symbols.find((one) => one.path === path);
  const seen = subtask.hits.map((hit) => hit.split(":").slice(2).join(":")).join("\n");
  return [
    {
      name: "Grep",
      input: { pattern: subtask.pattern, path: log.root, output_mode: "content" },
      result: subtask.hits.join("\n"),
    },
    {
      name: "Read",
      input: { file_path: `${log.root}/${path}` },
      result: numbered(source?.text ?? seen),
    },
  ];
}

/** The tool result of the spawner when the report has come. */
export function handBack(subtask: SubagentTask, agent: Agent, tokens: number): string {
  const report = subtask.report.replace(/^/gm, "  ");
  return `[Subagent hand-back] The text below is the report of a subagent.\n${report}\nagentId: ${agent.id}\n<usage>subagent_tokens: ${tokens}\ntool_uses: 2</usage>`;
}

/** The same for an agent in the background, as a note of its own. */
export function notification(subtask: SubagentTask, agent: Agent, toolUseId: string): string {
  return `[SYSTEM NOTIFICATION - NOT USER INPUT]\n<task-notification>\n<task-id>${agent.id}</task-id>\n<tool-use-id>${toolUseId}</tool-use-id>\n<status>completed</status>\n<summary>${subtask.description}</summary>\n<result>${subtask.report}</result>\n</task-notification>`;
}
