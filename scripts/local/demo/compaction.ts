/** Compaction: the request for a summary, and the conversation that continues from it. */
import { numbered } from "./steps.ts";
import { isOld } from "./claude-code.ts";
import { text, type Client, type Message } from "./message.ts";
import { COMPACT_ASK, continuation, instructionsReminder, reminder } from "./client-text.ts";
import type { Project, Task } from "./scenarios/scenario.ts";

/** The history with the request for a summary, as a block of the last user message or as a message. */
export function askingToCompact(messages: readonly Message[]): Message[] {
  const last = messages.at(-1);
  if (last?.role === "user")
    return [...messages.slice(0, -1), { role: "user", content: [...last.content, text(COMPACT_ASK)] }];
  return [...messages, { role: "user", content: [text(COMPACT_ASK)] }];
}

export function summaryOf(task: Task, project: Project): string {
  return [
    `1. Request: ${task.ask}`,
    `2. Findings: ${task.diagnosis || task.summary.split("\n")[0]}`,
    `3. Files: ${task.file.path}`,
    `4. State: the last check was green (${task.check.command}).`,
    `5. Next: further questions about ${project.about}.`,
  ].join("\n");
}

/** The first messages after compaction: the summary, files read again, the next prompt. */
export function compacted(
  summary: string,
  task: Task,
  next: Task,
  where: { client: Client; project: Project; root: string },
): Message[] {
  const reread = text(reminder(`Result of calling the Read tool:\n${numbered(task.file.text)}`));
  const effort: Message = { role: "system", content: [], extra: { output_config: { effort: "medium" } } };
  const instructions = text(instructionsReminder(where.root, where.project.instructions));
  return [
    { role: "user", content: [text(continuation(summary))] },
    ...(isOld(where.client) ? [] : [effort]),
    { role: "user", content: [reread, instructions, text(next.ask)] },
  ];
}
