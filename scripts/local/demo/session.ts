/**
 * One session of Claude Code as planned exchanges, made from steps: every request repeats the history in the client's form, so that
 * the proxy stores and links what it would from real clients.
 */
import { signature } from "../fake-claude/compose.ts";
import { randomOf } from "../fake-claude/random.ts";
import { recentCommits, taskSteps, type Step, type Call } from "./steps.ts";
import { isOld } from "./claude-code.ts";
import { text, type Content, type Message } from "./message.ts";
import { environmentEntry, gitReminder, instructionsReminder } from "./client-text.ts";
import { askingToCompact, compacted, summaryOf } from "./compaction.ts";
import type { PlannedExchange } from "./exchange.ts";
import { chartPng } from "./png.ts";
import { SessionLog, type Sending } from "./session-log.ts";
import { smallJob } from "./scenarios/small-jobs.ts";
import type { SessionEvents, SessionPlan } from "./session-plan.ts";
import type { SubagentTask, Task } from "./scenarios/scenario.ts";
import { handBack, notification, playSubtask } from "./subagent-task.ts";

const FAILURES = {
  overloaded: { status: 529, message: "Overloaded", headers: { "x-should-retry": "true" } },
  rateLimited: {
    status: 429,
    message: "This request would exceed your account's rate limit. Please try again later.",
    headers: { "retry-after": "2", "x-should-retry": "true" },
  },
};

/** All exchanges of a session, in order. */
export function playSession(plan: SessionPlan): PlannedExchange[] {
  return new Session(plan).play();
}

class Session {
  readonly #log: SessionLog;
  readonly #plan: SessionPlan;
  #messages: Message[] = [];
  #turns = 0;
  /** Keys of exchanges that must end before the next request of the main conversation. */
  #after: string[] = [];
  /** Reports of background agents that are not yet in the main conversation. */
  #pendingNotices: { notice: string; key: string }[] = [];
  #events: SessionEvents;

  constructor(plan: SessionPlan) {
    this.#plan = plan;
    this.#log = new SessionLog(plan);
    this.#events = { ...plan.events };
  }

  play(): PlannedExchange[] {
    const { client, project, turns } = this.#plan;
    if (!isOld(client)) this.#log.warmUp();
    const tasks = [...this.#plan.tasks];
    while (this.#turns < turns) {
      const task = tasks.shift() ?? smallJob(project, this.#log.random);
      const isOpening = this.#messages.length === 0;
      if (isOpening && !isOld(client) && client.entrypoint === "cli") this.#log.title(task);
      for (const step of taskSteps(task, project, this.#log.root, this.#log.random)) {
        if (this.#turns >= turns) break;
        this.#play(step, task);
      }
      if (this.#events.compaction && this.#turns >= turns * 0.45 && this.#turns < turns) this.#compact(task);
    }
    return this.#log.exchanges;
  }

  #play(step: Step, task: Task): void {
    switch (step.kind) {
      case "prompt":
        if (this.#events.abandoned && this.#messages.length > 0) this.#abandon();
        return this.#prompt(step.text, task);
      case "answer":
        return this.#say([...this.#thought(step.think), text(step.text)], "end_turn");
      case "calls":
        return this.#call(step.think, step.say, step.calls);
      case "subtask":
        return this.#delegate(step.say, step.subtask, step.background);
    }
  }

  #prompt(promptText: string, task: Task): void {
    const { project, client, date, name } = this.#plan;
    const isOpening = this.#messages.length === 0;
    const content: Content[] = [];
    if (isOpening) {
      this.#log.firstWords = promptText;
      content.push(text(instructionsReminder(this.#log.root, project.instructions)));
      if (!isOld(client))
        content.push(text(gitReminder("main", recentCommits(project, randomOf(name, "git")))));
    } else if (this.#events.image) {
      this.#events.image = false;
      const data = chartPng(this.#log.random);
      content.push({ type: "image", source: { type: "base64", media_type: "image/png", data } });
      content.push(text("That is how the dashboard looks since this morning."));
    }
    content.push(text(promptText));
    this.#messages.push({ role: "user", content });
    if (isOpening && !isOld(client))
      this.#messages.push(environmentEntry(this.#log.root, client.model, date));
    if (isOld(client)) this.#log.topic(promptText, task, this.#after);
  }

  #thought(think: string | null): Content[] {
    const { client } = this.#plan;
    if (think === null || isOld(client)) return [];
    // With `display: "omitted"`, as in scripts, there is only the signature.
    const thinking = client.entrypoint === "cli" ? think : "";
    return [{ type: "thinking", thinking, signature: signature(this.#log.random) }];
  }

  #call(think: string | null, say: string | null, calls: Call[]): void {
    const { random } = this.#log;
    const made = calls.map((call) => ({ call, id: `toolu_01${random.hex(22)}` }));
    const uses = made.map(({ call, id }) => ({ type: "tool_use", id, name: call.name, input: call.input }));
    this.#say([...this.#thought(think), ...(say === null ? [] : [text(say)]), ...uses], "tool_use");
    const results = made.map(({ call, id }): Content => {
      const result = { tool_use_id: id, type: "tool_result", content: call.result };
      return call.name === "Bash" ? { ...result, is_error: call.isError ?? false } : result;
    });
    // Results of parallel calls are in the order of completion.
    const content = results.length > 1 && random.chance(0.3) ? random.shuffle(results) : results;
    this.#messages.push({ role: "user", content });
    this.#addNotices();
  }

  /** Reports of background agents follow a tool result as a system message. */
  #addNotices(): void {
    for (const { notice, key } of this.#pendingNotices.splice(0)) {
      this.#messages.push({ role: "system", content: [text(notice)] });
      this.#after.push(key);
    }
  }

  /** Sends the conversation; the response becomes part of it. */
  #say(content: Content[], stopReason: string): void {
    const body = this.#log.body(this.#messages, null);
    const outcome = { kind: "response", response: { content, stopReason } } as const;
    const event = (["overloaded", "rateLimited"] as const).find(
      (one) => this.#events[one] && this.#turns >= 3,
    );
    if (event) {
      this.#events[event] = false;
      this.#send({ kind: "turn", body, outcome: { kind: "error", ...FAILURES[event] } });
      // The same bytes again.
      this.#send({ kind: "retry", body, outcome });
    } else this.#send({ kind: "turn", body, outcome });
    this.#messages.push({ role: "assistant", content: content.map(asRemembered) });
  }

  #send(what: Pick<Sending, "kind" | "body" | "outcome">): void {
    this.#turns += 1;
    this.#after = [this.#log.send({ ...what, agent: null, after: this.#after })];
  }

  /** Requests a long response and disconnects. */
  #abandon(): void {
    this.#events.abandoned = false;
    this.#messages.push({
      role: "user",
      content: [text("Before we go on: write a long overview of this folder, every file with a paragraph.")],
    });
    const overview = this.#plan.project.symbols
      .map((one) => `### ${one.path}\n\n\`${one.name}\` ${one.purpose}.\n\n\`\`\`\n${one.text}\`\`\``)
      .join("\n\n");
    const response = { content: [text(`## Overview\n\n${overview}`)] };
    const body = this.#log.body(this.#messages, null);
    this.#send({ kind: "turn", body, outcome: { kind: "abandoned", response, afterBytes: 2_500 } });
    this.#messages.push({ role: "assistant", content: [text("No response requested.")] });
  }

  #compact(task: Task): void {
    this.#events.compaction = false;
    this.#addNotices();
    const { client, project } = this.#plan;
    const { root, random } = this.#log;
    const summary = summaryOf(task, project);
    const analysis = `The conversation was about this: ${task.title}.`;
    const asked = this.#log.body(askingToCompact(this.#messages), null);
    const content = [text(`<analysis>\n${analysis}\n</analysis>\n\n<summary>\n${summary}\n</summary>`)];
    this.#send({ kind: "compact-ask", body: asked, outcome: { kind: "response", response: { content } } });
    const next = smallJob(project, random);
    this.#messages = compacted(summary, task, next, { client, project, root });
    this.#log.firstWords = summary;
    const response = { content: [text(next.summary)] };
    const body = this.#log.body(this.#messages, null);
    this.#send({ kind: "compact", body, outcome: { kind: "response", response } });
    this.#messages.push({ role: "assistant", content: response.content });
  }

  #delegate(say: string, subtask: SubagentTask, background: boolean): void {
    const old = isOld(this.#plan.client);
    const { random } = this.#log;
    const id = `toolu_01${random.hex(22)}`;
    const agent = { id: `a${random.hex(16)}` };
    const inBackground = background && !old;
    const { description, prompt } = subtask;
    const input = { description, prompt, subagent_type: "general-purpose" };
    const use = old
      ? { type: "tool_use", id, name: "Task", input }
      : { type: "tool_use", id, name: "Agent", input: { ...input, run_in_background: inBackground } };
    this.#say([text(say), use], "tool_use");
    const key = playSubtask(this.#log, subtask, agent, [...this.#after]);
    if (inBackground) this.#pendingNotices.push({ notice: notification(subtask, agent, id), key });
    else this.#after.push(key);
    const result = inBackground
      ? `Async agent launched successfully. agentId: ${agent.id}. You will be notified when it is done.`
      : old
        ? subtask.report
        : handBack(subtask, agent, random.between(6_000, 14_000));
    const content = [{ tool_use_id: id, type: "tool_result", content: [text(result)] }];
    this.#messages.push({ role: "user", content });
  }
}

/** The client adds the default that the model omitted in Edit. */
function asRemembered(block: Content): Content {
  if (block.type !== "tool_use" || block.name !== "Edit") return block;
  return { ...block, input: { replace_all: false, ...(block.input as object) } };
}
