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
export function allChecks(status: Status, alerts: Result<PendingAlerts>, now: number): HealthCheck[] {
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
  const name = "Requests in progress";
  if (inFlight === null) return unknownCheck(name);
  return {
    name,
    tone: "good",
    value: formatExact(inFlight),
    description: "Requests currently being proxied, across all domains.",
  };
}

function unrecordedCheck({ unrecorded }: Status): HealthCheck {
  const name = "Missing bodies";
  if (unrecorded === null) return unknownCheck(name);
  return unrecorded === 0
    ? {
        name,
        tone: "good",
        value: "0",
        description: "All requests of the last 24 hours have their bodies.",
      }
    : {
        name,
        tone: "warning",
        value: formatExact(unrecorded),
        description:
          "R2 did not accept these bodies in the last 24 hours. Known tokens and metadata are stored. Check the status of R2 if this continues.",
      };
}

function alertsCheck(alerts: Result<PendingAlerts>, now: number): HealthCheck {
  const name = "Pending alerts";
  if (!alerts.ok) return unknownCheck(name);
  const { waiting, oldestAt, outboxes } = alerts.data;
  const failing = outboxes.find(({ lastProblem }) => lastProblem !== null);
  if (waiting === 0 && !failing)
    return {
      name,
      tone: "good",
      value: "0",
      description: "All alerts are delivered.",
    };
  const problem =
    failing === undefined
      ? ""
      : `${failing.name === "" ? "The default channel" : failing.name}: ${failing.lastProblem}. `;
  const isOld = oldestAt !== null && now - Date.parse(oldestAt) > ALERT_LATE_MS;
  return {
    name,
    tone: failing || isOld ? "warning" : "good",
    value: formatExact(waiting),
    description: `${problem}${waiting > 0 ? "Delivery is retried for about 90 minutes. " : ""}Send a test message from the domain's page to check its webhook.`,
  };
}

function linkingCheck({ linking }: Status): HealthCheck {
  const name = "Conversation linking";
  if (linking === null) return unknownCheck(name);
  const { linkedShare, orphans } = linking;
  if (linkedShare === null)
    return {
      name,
      tone: "good",
      value: "No data",
      description: "No follow-up requests in the last 7 days.",
    };
  return {
    name,
    tone: linkedShare < MIN_LINKED_SHARE ? "warning" : "good",
    value: formatShare(linkedShare),
    description:
      orphans === 0
        ? "Follow-up requests of the last 7 days that were matched to their conversation."
        : `Follow-up requests of the last 7 days that were matched to their conversation; ${formatCount(orphans, "request")} unmatched. If a new client version is below the others, run npx nexus relink after an update.`,
  };
}

function searchCheck({ searchWaiting }: Status): HealthCheck {
  const name = "Search index";
  if (searchWaiting === null) return unknownCheck(name);
  return searchWaiting === 0
    ? { name, tone: "good", value: "Up to date", description: "All messages are searchable." }
    : {
        name,
        tone: searchWaiting >= MAX_COUNTED_MESSAGES ? "warning" : "good",
        value: `${formatExact(searchWaiting)}${searchWaiting >= MAX_COUNTED_MESSAGES ? "+" : ""} pending`,
        description:
          "Messages that are not searchable yet. They are indexed automatically when ingest is idle.",
      };
}

const unknownCheck = (name: string): HealthCheck => ({
  name,
  tone: "mute",
  value: "Unknown",
  description: "The source of this check is unavailable.",
});

function databaseCheck({ database }: Status): HealthCheck {
  if (!database.reachable) {
    return {
      name: "Database",
      tone: "error",
      value: "Unavailable",
      description:
        "Clients are not affected. Requests wait in the journal and are stored once the database is back.",
    };
  }
  return {
    name: "Database",
    tone: "good",
    value: database.latencyMs === null ? "Available" : formatDuration(database.latencyMs),
    description: "Round trip of one small query.",
  };
}

function journalCheck({ journal }: Status): HealthCheck {
  if (!journal.reachable) {
    return {
      name: "Journal",
      tone: "error",
      value: "Unavailable",
      description:
        "Clients are not affected. Until R2 is back, only the metadata of requests is stored, not their bodies.",
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
    value: waiting === 0 ? "Empty" : `${formatExact(waiting)}${journal.isMore ? "+" : ""} pending`,
    description: [
      age !== null && `The oldest entry has been pending for ${formatDuration(age)}.`,
      running > 0 && `${formatCount(running, "request")} in progress.`,
      tone === "good"
        ? "Requests reach the database within seconds."
        : "Nothing is lost: the sweep retries every minute.",
    ]
      .filter(Boolean)
      .join(" "),
  };
}

function failureCheck({ ingestFailures }: Status): HealthCheck {
  if (ingestFailures === null) {
    return {
      name: "Storage failures",
      tone: "mute",
      value: "Unknown",
      description: "Unknown while the database is unavailable.",
    };
  }
  return ingestFailures.count === 0
    ? {
        name: "Storage failures",
        tone: "good",
        value: "0",
        description: "All journal entries were stored.",
      }
    : {
        name: "Storage failures",
        tone: "error",
        value: formatExact(ingestFailures.count),
        description: "Their journal entries are kept and retried. The errors are listed below.",
      };
}

/** The mark beside "Health" on every page. Null: not asked in time. */
export function healthIndicator(status: Result<Status> | null): HealthIndicator {
  if (status === null) return { tone: "mute", text: "Health unknown" };
  if (!status.ok) {
    return status.problem.status === 503
      ? { tone: "error", text: "Database unavailable" }
      : { tone: "mute", text: "Health unknown" };
  }
  if (status.data.state === "ok") return { tone: "good", text: "Healthy" };
  const worst = coreChecks(status.data).find((check) => check.tone === "error" || check.tone === "warning");
  const text = worst ? `${worst.name}: ${worst.value}` : "Recording is delayed";
  return { tone: status.data.state === "failing" ? "error" : "warning", text };
}
