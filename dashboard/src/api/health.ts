/** The state of the machine as checks: what it is, how it stands, what it means and what happens next. */
import type { Status } from "../../../workers/schemas/api-status.ts";
import { formatCount, formatExact } from "../format/number.ts";
import { formatDuration } from "../format/time.ts";
import type { Result } from "./client.ts";

export interface HealthMark {
  tone: "good" | "warning" | "error" | "mute";
  words: string;
}

export interface Check {
  name: string;
  tone: HealthMark["tone"];
  value: string;
  /** What it means, and what happens or is to be done when it is not good. */
  words: string;
}

/** Journal entries whose answer has ended and that wait longer than this are late: the sweep runs every minute. */
const LATE_MS = 3 * 60_000;
const VERY_LATE_MS = 60 * 60_000;

export function checksOf(status: Status): Check[] {
  return [databaseCheck(status), journalCheck(status), failureCheck(status)];
}

function databaseCheck({ database }: Status): Check {
  if (!database.reachable) {
    return {
      name: "Database",
      tone: "error",
      value: "not reachable",
      words: "Clients do not notice. Exchanges wait in the journal and are stored once it is back.",
    };
  }
  return {
    name: "Database",
    tone: "good",
    value: database.latencyMs === null ? "reachable" : formatDuration(database.latencyMs),
    words: "There and back, for one small query.",
  };
}

function journalCheck({ journal }: Status): Check {
  if (!journal.reachable) {
    return {
      name: "Journal",
      tone: "error",
      value: "not reachable",
      words:
        "Clients do not notice. Until R2 is back only the facts of exchanges are kept, not their bodies.",
    };
  }
  const age = journal.oldestAgeMs;
  const waiting = journal.ended ?? 0;
  const tone = age === null || age < LATE_MS ? "good" : age < VERY_LATE_MS ? "warning" : "error";
  const running = (journal.entries ?? 0) - waiting;
  return {
    name: "Journal",
    tone,
    value: waiting === 0 ? "nothing waits" : `${formatExact(waiting)}${journal.isMore ? "+" : ""} waiting`,
    words: [
      age !== null && `The oldest has waited ${formatDuration(age)}.`,
      running > 0 && `${formatCount(running, "exchange")} still running.`,
      tone === "good"
        ? "Exchanges reach the database within seconds."
        : "Nothing is lost: the sweep rings again every minute.",
    ]
      .filter(Boolean)
      .join(" "),
  };
}

function failureCheck({ ingestFailures }: Status): Check {
  if (ingestFailures === null) {
    return {
      name: "Failed to store",
      tone: "mute",
      value: "not known",
      words: "The database is out of reach, so nobody can tell.",
    };
  }
  return ingestFailures.count === 0
    ? {
        name: "Failed to store",
        tone: "good",
        value: "none",
        words: "Every exchange of the journal could be stored.",
      }
    : {
        name: "Failed to store",
        tone: "error",
        value: formatExact(ingestFailures.count),
        words: "Their journal entries stay and are tried again. The reasons are below.",
      };
}

/** The mark beside "Health" on every page. Null: not asked in time. */
export function healthMark(status: Result<Status> | null): HealthMark {
  if (status === null) return { tone: "mute", words: "Health not known" };
  if (!status.ok) {
    return status.problem.status === 503
      ? { tone: "error", words: "The database is not reachable" }
      : { tone: "mute", words: "Health not known" };
  }
  if (status.data.state === "ok") return { tone: "good", words: "All well" };
  const worst = checksOf(status.data).find((check) => check.tone === "error" || check.tone === "warning");
  const words = worst ? `${worst.name}: ${worst.value}` : "Recording is behind";
  return { tone: status.data.state === "failing" ? "error" : "warning", words };
}
