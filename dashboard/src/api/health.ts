/** The state of the machine as checks: what it is, how it stands, what it means and what happens next. */
import type { PendingAlerts } from "../../../workers/schemas/api/settings.ts";
import type { Status } from "../../../workers/schemas/api/status.ts";
import { formatCount, formatExact, formatShare } from "../format/number.ts";
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
/** Slack takes an alert within seconds. */
const LATE_ALERT_MS = 60_000;
/** Of today's clients nearly every request finds its predecessor. */
const POOR_LINKING = 0.95;
/** What the API counts up to. */
const MUCH_TO_INDEX = 10_000;

export function checksOf(status: Status): Check[] {
  return [databaseCheck(status), journalCheck(status), failureCheck(status)];
}

/** Everything that is worth a look on the page of health itself, beyond what moves the mark. */
export function moreChecksOf(status: Status, alerts: Result<PendingAlerts>, now: number): Check[] {
  return [
    ...checksOf(status),
    runningCheck(status),
    unrecordedCheck(status),
    alertsCheck(alerts, now),
    linkingCheck(status),
    searchCheck(status),
  ];
}

function runningCheck({ inFlight }: Status): Check {
  const name = "Running now";
  if (inFlight === null) return unknownCheck(name);
  return {
    name,
    tone: "good",
    value: inFlight === 0 ? "nothing" : formatExact(inFlight),
    words: "Exchanges between a client and Claude at this moment, of all domains.",
  };
}

function unrecordedCheck({ unrecorded }: Status): Check {
  const name = "Bodies lost";
  if (unrecorded === null) return unknownCheck(name);
  return unrecorded === 0
    ? { name, tone: "good", value: "none", words: "Every exchange of the last 24 hours has its bodies." }
    : {
        name,
        tone: "warning",
        value: formatExact(unrecorded),
        words:
          "In the last 24 hours R2 did not take them; tokens and facts that were known are kept. Look at R2's status if this goes on.",
      };
}

function alertsCheck(alerts: Result<PendingAlerts>, now: number): Check {
  const name = "Alerts waiting";
  if (!alerts.ok) return unknownCheck(name);
  const { waiting, oldestAt, outboxes } = alerts.data;
  const troubled = outboxes.find(({ lastProblem }) => lastProblem !== null);
  if (waiting === 0 && !troubled)
    return { name, tone: "good", value: "none", words: "Slack has taken everything that was to be told." };
  const where =
    troubled === undefined
      ? ""
      : `${troubled.name === "" ? "The default channel" : troubled.name}: ${troubled.lastProblem}. `;
  const isOld = oldestAt !== null && now - Date.parse(oldestAt) > LATE_ALERT_MS;
  return {
    name,
    tone: troubled || isOld ? "warning" : "good",
    value: waiting === 0 ? "none" : formatExact(waiting),
    words: `${where}${waiting > 0 ? "They are tried again for about an hour and a half. " : ""}Send a test message from the domain's page to see whether its webhook works.`,
  };
}

function linkingCheck({ linking }: Status): Check {
  const name = "Linking";
  if (linking === null) return unknownCheck(name);
  const { linkedShare, orphans } = linking;
  if (linkedShare === null)
    return {
      name,
      tone: "good",
      value: "nothing yet",
      words: "No request of the last 7 days continued another.",
    };
  return {
    name,
    tone: linkedShare < POOR_LINKING ? "warning" : "good",
    value: formatShare(linkedShare),
    words:
      orphans === 0
        ? "Of the requests of 7 days that continue something, all found what."
        : `Of the requests of 7 days that continue something found what; ${formatCount(orphans, "request")} did not. If a new client version is worse than the others below, npx nexus relink may help after an update.`,
  };
}

function searchCheck({ searchWaiting }: Status): Check {
  const name = "Search index";
  if (searchWaiting === null) return unknownCheck(name);
  return searchWaiting === 0
    ? { name, tone: "good", value: "up to date", words: "Every message can be found." }
    : {
        name,
        tone: searchWaiting >= MUCH_TO_INDEX ? "warning" : "good",
        value: `${formatExact(searchWaiting)}${searchWaiting >= MUCH_TO_INDEX ? "+" : ""} to go`,
        words: "Messages that search does not find yet. The index follows when ingest has time, by itself.",
      };
}

const unknownCheck = (name: string): Check => ({
  name,
  tone: "mute",
  value: "not known",
  words: "What would tell is out of reach just now.",
});

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
