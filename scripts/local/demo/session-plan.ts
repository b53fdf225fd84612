/** What a session of the demo is made from. */
import type { Client } from "./message.ts";
import type { Project, Task } from "./scenarios/scenario.ts";

/** Things that happen once in a session. */
export interface SessionEvents {
  compaction?: boolean;
  abandoned?: boolean;
  overloaded?: boolean;
  rateLimited?: boolean;
  image?: boolean;
}

export interface SessionPlan {
  /** Unique in the day; ids and words follow from it. */
  name: string;
  domain: string;
  sender: string;
  client: Client;
  project: Project;
  /** The big tasks, in order; small jobs fill the rest. */
  tasks: Task[];
  /** How many requests of the main conversation. */
  turns: number;
  /** Milliseconds since the day began. */
  at: number;
  /** YYYY-MM-DD */
  date: string;
  events: SessionEvents;
}
