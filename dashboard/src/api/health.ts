/** The state of the machine as checks: what it is, how it stands, what it means and what happens next. */
import type { PendingAlerts } from "../../../workers/schemas/api/settings.ts";
import type { Status } from "../../../workers/schemas/api/status.ts";
import { formatCount, formatExact, formatShare } from "../format/number.ts";
import { formatDuration } from "../format/time.ts";
import type { Result } from "./client.ts";

export interface HealthIndicator {
  tone: "good" | "warning" | "error" | "mute";
  text: string;
}

export interface HealthCheck {
  name: string;
  tone: HealthIndicator["tone"];
  value: string;
  /** What it means, and what happens or is to be done when it is not good. */
  description: string;
}

/** Journal entries whose answer has ended and that wait longer than this are late: the sweep runs every minute. */
const JOURNAL_LATE_MS = 3 * 60_000;
const JOURNAL_STALLED_MS = 60 * 60_000;
/** Slack takes an alert within seconds. */
const ALERT_LATE_MS = 60_000;
/** Of today's clients nearly every request finds its predecessor. */
const MIN_LINKED_SHARE = 0.95;
/** What the API counts up to. */
const MAX_COUNTED_MESSAGES = 10_000;

export function coreChecks(status: Status): HealthCheck[] {
  return [databaseCheck(status), journalCheck(status), failureCheck(status)];
}

/** Everything that is worth a look on the page of health itself, beyond what moves the mark. */
export function allChecks(status: Status, alerts: Result<AlertsWaiting>, now: number): HealthCheck[] {
  return [
    ...coreChecks(status),
    runningCheck(status),
    unrecordedCheck(status),
    alertsCheck(alerts, now),
    linkingCheck(status),
    searchCheck(status),
  ];
}

function runningCheck({ inFlight }: Status): HealthCheck {
  const name = "Running now";
  if (inFlight === null) return unknownCheck(name);
  return {
    name,
    tone: "good",
    value: inFlight === 0 ? "nothing" : formatExact(inFlight),
    description: "Exchanges between a client and Claude at this moment, of all domains.",
  };
}

function unrecordedCheck({ unrecorded }: Status): HealthCheck {
  const name = "Bodies lost";
  if (unrecorded === null) return unknownCheck(name);
  return unrecorded === 0
    ? {
        name,
        tone: "good",
        value: "none",
        description: "Every exchange of the last 24 hours has its bodies.",
      }
    : {
        name,
        tone: "warning",
        value: formatExact(unrecorded),
        description:
          "In the last 24 hours R2 did not take them; tokens and facts that were known are kept. Look at R2's status if this goes on.",
      };
}

function alertsCheck(alerts: Result<AlertsWaiting>, now: number): HealthCheck {
  const name = "Alerts waiting";
  if (!alerts.ok) return unknownCheck(name);
  const { waiting, oldestAt, outboxes } = alerts.data;
  const failing = outboxes.find(({ lastProblem }) => lastProblem !== null);
  if (waiting === 0 && !failing)
    return {
      name,
      tone: "good",
      value: "none",
      description: "Slack has taken everything that was to be told.",
    };
  const problem =
    failing === undefined
      ? ""
      : `${failing.name === "" ? "The default channel" : failing.name}: ${failing.lastProblem}. `;
  const isOld = oldestAt !== null && now - Date.parse(oldestAt) > ALERT_LATE_MS;
  return {
    name,
    tone: failing || isOld ? "warning" : "good",
    value: waiting === 0 ? "none" : formatExact(waiting),
    description: `${problem}${waiting > 0 ? "They are tried again for about an hour and a half. " : ""}Send a test message from the domain's page to see whether its webhook works.`,
  };
}

function linkingCheck({ linking }: Status): HealthCheck {
  const name = "Linking";
  if (linking === null) return unknownCheck(name);
  const { linkedShare, orphans } = linking;
  if (linkedShare === null)
    return {
      name,
      tone: "good",
      value: "nothing yet",
      description: "No request of the last 7 days continued another.",
    };
  return {
    name,
    tone: linkedShare < MIN_LINKED_SHARE ? "warning" : "good",
    value: formatShare(linkedShare),
    description:
      orphans === 0
        ? "Of the requests of 7 days that continue something, all found what."
        : `Of the requests of 7 days that continue something found what; ${formatCount(orphans, "request")} did not. If a new client version is worse than the others below, npx nexus relink may help after an update.`,
  };
}

function searchCheck({ searchWaiting }: Status): HealthCheck {
  const name = "Search index";
  if (searchWaiting === null) return unknownCheck(name);
  return searchWaiting === 0
    ? { name, tone: "good", value: "up to date", description: "Every message can be found." }
    : {
        name,
        tone: searchWaiting >= MAX_COUNTED_MESSAGES ? "warning" : "good",
        value: `${formatExact(searchWaiting)}${searchWaiting >= MAX_COUNTED_MESSAGES ? "+" : ""} to go`,
        description:
          "Messages that search does not find yet. The index follows when ingest has time, by itself.",
      };
}

const unknownCheck = (name: string): HealthCheck => ({
  name,
  tone: "mute",
  value: "not known",
  description: "What would tell is out of reach just now.",
});

function databaseCheck({ database }: Status): HealthCheck {
  if (!database.reachable) {
    return {
      name: "Database",
      tone: "error",
      value: "not reachable",
      description: "Clients do not notice. Exchanges wait in the journal and are stored once it is back.",
    };
  }
  return {
    name: "Database",
    tone: "good",
    value: database.latencyMs === null ? "reachable" : formatDuration(database.latencyMs),
    description: "There and back, for one small query.",
  };
}

function journalCheck({ journal }: Status): HealthCheck {
  if (!journal.reachable) {
    return {
      name: "Journal",
      tone: "error",
      value: "not reachable",
      description:
        "Clients do not notice. Until R2 is back only the facts of exchanges are kept, not their bodies.",
    };
  }
  const age = journal.oldestAgeMs;
  const waiting = journal.ended ?? 0;
  const tone =
    age === null || age < JOURNAL_LATE_MS ? "good" : age < JOURNAL_STALLED_MS ? "warning" : "error";
  const running = (journal.entries ?? 0) - waiting;
  return {
    name: "Journal",
    tone,
    value: waiting === 0 ? "nothing waits" : `${formatExact(waiting)}${journal.isMore ? "+" : ""} waiting`,
    description: [
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

function failureCheck({ ingestFailures }: Status): HealthCheck {
  if (ingestFailures === null) {
    return {
      name: "Failed to store",
      tone: "mute",
      value: "not known",
      description: "The database is out of reach, so nobody can tell.",
    };
  }
  return ingestFailures.count === 0
    ? {
        name: "Failed to store",
        tone: "good",
        value: "none",
        description: "Every exchange of the journal could be stored.",
      }
    : {
        name: "Failed to store",
        tone: "error",
        value: formatExact(ingestFailures.count),
        description: "Their journal entries stay and are tried again. The reasons are below.",
      };
}

/** The mark beside "Health" on every page. Null: not asked in time. */
export function healthIndicator(status: Result<Status> | null): HealthIndicator {
  if (status === null) return { tone: "mute", text: "Health not known" };
  if (!status.ok) {
    return status.problem.status === 503
      ? { tone: "error", text: "The database is not reachable" }
      : { tone: "mute", text: "Health not known" };
  }
  if (status.data.state === "ok") return { tone: "good", text: "All well" };
  const worst = coreChecks(status.data).find((check) => check.tone === "error" || check.tone === "warning");
  const text = worst ? `${worst.name}: ${worst.value}` : "Recording is behind";
  return { tone: status.data.state === "failing" ? "error" : "warning", text };
}
