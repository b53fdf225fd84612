/**
 * A day of traffic of a small team: five people in three projects with Claude Code, and some scripts. Determined by the seed; `turns`
 * scales it.
 */
import { randomOf, type Random } from "../fake-claude/random.ts";
import type { Client } from "./message.ts";
import type { PlannedExchange } from "./exchange.ts";
import { budgetCheck, releaseNotes, triage } from "./script-traffic.ts";
import { playSession } from "./session.ts";
import type { SessionEvents } from "./session-plan.ts";
import { checkout } from "./scenarios/checkout.ts";
import { platform } from "./scenarios/platform.ts";
import { research } from "./scenarios/research.ts";
import type { Project, Task } from "./scenarios/scenario.ts";

export interface TrafficOptions {
  /** Default "day". */
  seed?: string;
  /** Approximate number of exchanges. Default 320; at least 20. */
  turns?: number;
  /** The date in the prompts, YYYY-MM-DD. */
  date?: string;
}

export interface DemoDomain {
  domain: string;
  accountId: string;
  /** Upstream credential: the domain's API key, or each sender's own. */
  credential: "api_key" | "passthrough";
  /** Whether its conversations may be analyzed; where not, pages show how that is turned on. */
  analysisEnabled: boolean;
  senders: string[];
}

export interface Traffic {
  domains: DemoDomain[];
  /** Ordered by time. */
  exchanges: PlannedExchange[];
}

interface Person {
  name: string;
  project: Project;
  client: Omit<Client, "deviceId" | "accountUuid">;
}

const current = { version: "2.1.330", entrypoint: "cli", runtimeVersion: "v26.12.1" } as const;

const PEOPLE: readonly Person[] = [
  { name: "maya", project: checkout, client: { ...current, model: "claude-opus-5-5", os: "MacOS" } },
  { name: "jonas", project: checkout, client: { ...current, model: "claude-sonnet-5-5", os: "Linux" } },
  { name: "priya", project: platform, client: { ...current, model: "claude-opus-5-5", os: "Linux" } },
  {
    name: "tomas",
    project: platform,
    client: {
      version: "1.0.58",
      entrypoint: "cli",
      runtimeVersion: "v24.11.0",
      model: "claude-sonnet-4-5-20250929",
      os: "MacOS",
    },
  },
  { name: "lena", project: research, client: { ...current, model: "claude-sonnet-5-5", os: "MacOS" } },
];

export const PROJECTS: readonly Project[] = [checkout, platform, research];

const SCRIPTS = ["release-notes", "support-triage", "budget-check"];

/** `<project>.claude.example`: never resolves; the demo sends it as the Host. */
export function domainOf(project: Project): string {
  return `${project.name}.claude.example`;
}

export function demoDomains(): DemoDomain[] {
  return PROJECTS.map((project) => ({
    domain: domainOf(project),
    accountId: `acc_${project.name}`,
    credential: project === platform ? "passthrough" : "api_key",
    analysisEnabled: project !== research,
    senders: [
      ...PEOPLE.filter((person) => person.project === project).map((person) => person.name),
      ...SCRIPTS,
    ],
  }));
}

/** Lengths of sessions: many short ones, few of several hours. */
const LENGTHS = [14, 60, 5, 24, 3, 38, 9, 17, 4, 28, 6, 12, 45, 8];
/** Events of the first sessions, so that little traffic has some of everything. */
const EVENTS: SessionEvents[] = [
  { overloaded: true },
  { compaction: true, image: true },
  {},
  { abandoned: true },
  {},
  { compaction: true, rateLimited: true },
  { image: true },
];
const WORKDAY_MS = 9 * 3_600_000;

/** The planned traffic. */
export function generateTraffic(options: TrafficOptions = {}): Traffic {
  const seed = options.seed ?? "day";
  const wanted = Math.max(20, options.turns ?? 320);
  const date = options.date ?? "2026-11-23";
  const random = randomOf(seed, "day");
  const exchanges: PlannedExchange[] = scripts(seed, random);
  const backlog = new Map<Project, Task[]>();
  for (let index = 0; exchanges.length < wanted; index++) {
    const person = PEOPLE[index % PEOPLE.length]!;
    const length = Math.min(LENGTHS[index % LENGTHS.length]!, Math.max(3, wanted - exchanges.length));
    exchanges.push(
      ...playSession({
        name: `${seed}/${index}`,
        domain: domainOf(person.project),
        sender: person.name,
        client: clientOf(seed, person, random),
        project: person.project,
        tasks: nextTasks(backlog, person.project, length, random),
        turns: length,
        at: random.between(0, WORKDAY_MS),
        date,
        events: EVENTS[index] ?? rareEvents(random),
      }),
    );
  }
  exchanges.sort((a, b) => a.at - b.at || a.key.localeCompare(b.key));
  return { domains: demoDomains(), exchanges };
}

function rareEvents(random: Random): SessionEvents {
  return {
    compaction: random.chance(0.15),
    abandoned: random.chance(0.1),
    overloaded: random.chance(0.15),
    rateLimited: random.chance(0.08),
    image: random.chance(0.2),
  };
}

/** One machine per person; one session in ten runs from a script. */
function clientOf(seed: string, person: Person, random: Random): Client {
  const own = randomOf(seed, person.name);
  const isScripted = person.client.version === "2.1.330" && random.chance(0.1);
  return {
    ...person.client,
    entrypoint: isScripted ? "sdk-cli" : person.client.entrypoint,
    deviceId: own.hex(64),
    accountUuid: own.uuid(),
  };
}

/** Each scenario is used once per project, several in a long session; then small jobs follow. */
function nextTasks(backlog: Map<Project, Task[]>, project: Project, length: number, random: Random): Task[] {
  const left = backlog.get(project) ?? random.shuffle(project.tasks);
  backlog.set(project, left);
  return length < 6 ? [] : left.splice(0, length > 25 ? 2 : 1);
}

function scripts(seed: string, random: Random): PlannedExchange[] {
  const at = (project: Project, hour: number) => ({
    name: `${seed}/script/${project.name}`,
    domain: domainOf(project),
    project,
    at: hour * 3_600_000 + random.between(0, 600_000),
  });
  return [...triage(at(checkout, 1)), ...budgetCheck(at(platform, 4)), ...releaseNotes(at(research, 8))];
}
