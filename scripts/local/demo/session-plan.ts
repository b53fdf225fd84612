/** Input of a session of the demo. */
import type { Client } from "./message.ts";
import type { Project, Task } from "./scenarios/scenario.ts";

/** Events that happen once in a session. */
export interface SessionEvents {
  compaction?: boolean;
  abandoned?: boolean;
  overloaded?: boolean;
  rateLimited?: boolean;
  image?: boolean;
}

export interface SessionPlan {
  /** Unique in the traffic; seed of ids and texts. */
  name: string;
  domain: string;
  sender: string;
  client: Client;
  project: Project;
  /** The big tasks, in order; small jobs fill the rest. */
  tasks: Task[];
  /** Number of requests of the main conversation. */
  turns: number;
  /** Milliseconds since the start of the traffic. */
  at: number;
  /** YYYY-MM-DD */
  date: string;
  events: SessionEvents;
}
