/** The exchanges of a session, its clock, and its side requests. */
import { randomOf, type Random } from "../fake-claude/random.ts";
import { clientHeaders, titleBody, topicBody, turnBody } from "./claude-code.ts";
import type { Agent, Message } from "./message.ts";
import type { PlannedExchange, PlannedOutcome } from "./exchange.ts";
import type { SessionPlan } from "./session-plan.ts";
import type { Task } from "./scenarios/scenario.ts";

export interface Sending {
  kind: PlannedExchange["kind"];
  body: string;
  agent: Agent | null;
  /** Keys of exchanges that must end before. */
  after: readonly string[];
  outcome: PlannedOutcome;
}

export class SessionLog {
  readonly plan: SessionPlan;
  readonly random: Random;
  readonly sessionId: string;
  readonly root: string;
  readonly exchanges: PlannedExchange[] = [];
  /** The text from which the attribution line is derived. */
  firstWords = "";
  #clock: number;

  constructor(plan: SessionPlan) {
    this.plan = plan;
    this.random = randomOf(plan.name);
    this.sessionId = this.random.uuid();
    this.root = `/home/${plan.sender}/work/${plan.project.name}`;
    this.#clock = plan.at;
  }

  /** Plans one exchange and advances the clock; returns its key. */
  send(what: Sending): string {
    const exchange: PlannedExchange = {
      ...this.#blank(what.kind),
      headers: clientHeaders(this.plan.client, this.sessionId, what.agent),
      body: what.body,
      after: [...what.after],
      outcome: what.outcome,
    };
    this.exchanges.push(exchange);
    this.#clock += this.random.between(4_000, 40_000);
    return exchange.key;
  }

  body(messages: readonly Message[], agent: Agent | null): string {
    const { client, project } = this.plan;
    const { sessionId, root, firstWords } = this;
    return turnBody({ client, sessionId, project: project.name, root, firstWords, messages, agent });
  }

  warmUp(): void {
    this.exchanges.push({
      ...this.#blank("warm-up"),
      method: "HEAD",
      path: "/api/hello",
      headers: { "user-agent": "Bun/1.4.2", accept: "*/*" },
      auth: "none",
    });
  }

  title(task: Task): void {
    this.#aside("title", titleBody(this.plan.client, this.sessionId, this.root, task.ask), [], {
      title: task.title,
    });
  }

  topic(said: string, task: Task, after: readonly string[]): void {
    const isNewTopic = this.random.chance(0.5);
    const title = isNewTopic ? task.title.split(" ").slice(0, 3).join(" ") : null;
    this.#aside("topic", topicBody(this.plan.client, this.sessionId, said), after, { isNewTopic, title });
  }

  #aside(kind: "title" | "topic", body: string, after: readonly string[], said: unknown): void {
    const content = [{ type: "text", text: JSON.stringify(said) }];
    this.send({ kind, body, agent: null, after, outcome: { kind: "response", response: { content } } });
  }

  #blank(kind: PlannedExchange["kind"]): PlannedExchange {
    return {
      key: `${this.plan.name}/${this.exchanges.length}`,
      at: this.#clock,
      domain: this.plan.domain,
      sender: this.plan.sender,
      kind,
      method: "POST",
      path: "/v1/messages?beta=true",
      headers: {},
      auth: "bearer",
      body: null,
      after: [],
      outcome: { kind: "own" },
    };
  }
}
