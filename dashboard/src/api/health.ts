/** The checks of the health page: name, value, tone, and a sentence on what the value means and what happens next. */
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
  description: string;
}

/** A journal entry whose response has ended is late after this: the sweep runs every minute. */
const JOURNAL_LATE_MS = 3 * 60_000;
const JOURNAL_STALLED_MS = 60 * 60_000;
/** Slack accepts an alert within seconds. */
const ALERT_LATE_MS = 60_000;
/** Current clients are linked to their predecessor in nearly every request. */
const MIN_LINKED_SHARE = 0.95;
const MAX_LISTED_MODELS = 5;
const MAX_MODEL_CHARACTERS = 60;
/** The API counts messages without an index entry up to this number. */
const MAX_COUNTED_MESSAGES = 10_000;
/** Cron keeps three months ahead, so fewer means that it has failed for weeks. */
const PARTITIONS_AHEAD_MS = 45 * 24 * 3_600_000;

/** The checks that decide the indicator in the sidebar. */
export function coreChecks({ database, journal, ingestFailures, edge, sealing }: Status): HealthCheck[] {
  return [
    databaseCheck(database),
    journalCheck(journal),
    ingestCheck(ingestFailures),
    edgeCheck(edge),
    sealingCheck(sealing),
  ];
}

/** All checks of the health page. */
export function allChecks(status: Status, alerts: Result<PendingAlerts>, now: number): HealthCheck[] {
  const { inFlight, unrecorded, unread, models, linking, searchWaiting } = status;
  return [
    ...coreChecks(status),
    inFlight === null
      ? unknownCheck("Requests in progress")
      : check(
          "Requests in progress",
          "good",
          formatExact(inFlight),
          "Requests currently being proxied, across all domains.",
        ),
    unrecordedCheck(unrecorded),
    unreadCheck(unread),
    modelsCheck(models),
    alertsCheck(alerts, now),
    linkingCheck(linking),
    searchCheck(searchWaiting),
    partitionsCheck(status.partitions, now),
    ...promptSyncChecks(status.promptSync),
  ];
}

const check = (name: string, tone: HealthCheck["tone"], value: string, description: string): HealthCheck => ({
  name,
  tone,
  value,
  description,
});

const unknownCheck = (name: string, description = "The source of this check is unavailable.") =>
  check(name, "mute", "Unknown", description);

function unrecordedCheck(unrecorded: Status["unrecorded"]): HealthCheck {
  const name = "Missing bodies";
  if (unrecorded === null) return unknownCheck(name);
  if (unrecorded === 0)
    return check(name, "good", "0", "All requests of the last 24 hours have their bodies.");
  const description =
    "R2 did not accept these bodies in the last 24 hours. Known tokens and metadata are stored. Check the status of R2 if this continues.";
  return check(name, "warning", formatExact(unrecorded), description);
}

function unreadCheck(unread: Status["unread"]): HealthCheck {
  const name = "Unread bodies";
  if (unread === null) return unknownCheck(name);
  if (unread === 0) return check(name, "good", "0", "All bodies of the last 24 hours were read.");
  const description =
    "These bodies of the last 24 hours are stored but larger than what Nexus reads, or could not be read. Their tokens, prompts or conversations may be missing.";
  return check(name, "warning", formatExact(unread), description);
}

function modelsCheck(models: Status["models"]): HealthCheck {
  const name = "Unknown models";
  if (models === null) return unknownCheck(name);
  const { withoutPrice, withoutWindow } = models;
  if (withoutPrice.length + withoutWindow.length === 0)
    return check(name, "good", "0", "Every model of the last 7 days has a price and a context window.");
  const description = [
    withoutPrice.length > 0 && `Without a price: ${listed(withoutPrice)}.`,
    withoutWindow.length > 0 && `With an inferred context window: ${listed(withoutWindow)}.`,
    "An update of Nexus may know them; then run npx nexus reprice.",
  ];
  const tone = withoutPrice.length > 0 ? "warning" : "good";
  const all = new Set([...withoutPrice, ...withoutWindow]);
  return check(name, tone, formatExact(all.size), description.filter(Boolean).join(" "));
}

/** The first names, each shortened: clients choose them. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED_MODELS).map((name) => name.slice(0, MAX_MODEL_CHARACTERS));
  return `${shown.join(", ")}${names.length > shown.length ? ` and ${names.length - shown.length} more` : ""}`;
}

function alertsCheck(alerts: Result<PendingAlerts>, now: number): HealthCheck {
  const name = "Pending alerts";
  if (!alerts.ok) return unknownCheck(name);
  const { waiting, oldestAt, outboxes } = alerts.data;
  const failing = outboxes.find(({ lastProblem }) => lastProblem !== null);
  if (waiting === 0 && !failing) return check(name, "good", "0", "All alerts are delivered.");
  const isOld = oldestAt !== null && now - Date.parse(oldestAt) > ALERT_LATE_MS;
  const description = [
    failing && `${failing.name === "" ? "The default channel" : failing.name}: ${failing.lastProblem}.`,
    waiting > 0 && "Delivery is retried for about 90 minutes.",
    "Send a test message from the domain's page to check its webhook.",
  ];
  return check(
    name,
    failing || isOld ? "warning" : "good",
    formatExact(waiting),
    description.filter(Boolean).join(" "),
  );
}

function linkingCheck(linking: Status["linking"]): HealthCheck {
  const name = "Conversation linking";
  if (linking === null) return unknownCheck(name);
  const { linkedShare, orphans } = linking;
  if (linkedShare === null)
    return check(name, "good", "No data", "No follow-up requests in the last 7 days.");
  const matched = "Follow-up requests of the last 7 days that were matched to their conversation";
  const description =
    orphans === 0
      ? `${matched}.`
      : `${matched}; ${formatCount(orphans, "request")} unmatched. If a new client version is below the others, run npx nexus relink after an update.`;
  return check(
    name,
    linkedShare < MIN_LINKED_SHARE ? "warning" : "good",
    formatShare(linkedShare),
    description,
  );
}

function searchCheck(waiting: Status["searchWaiting"]): HealthCheck {
  const name = "Search index";
  if (waiting === null) return unknownCheck(name);
  if (waiting === 0) return check(name, "good", "Up to date", "All messages are searchable.");
  const isMore = waiting >= MAX_COUNTED_MESSAGES;
  return check(
    name,
    isMore ? "warning" : "good",
    `${formatExact(waiting)}${isMore ? "+" : ""} pending`,
    "Messages that are not searchable yet. They are indexed automatically when ingest is idle.",
  );
}

function partitionsCheck(partitions: Status["partitions"], now: number): HealthCheck {
  const name = "Partitions";
  if (partitions === null) return unknownCheck(name);
  const { until, rowsInDefault } = partitions;
  const isShort = Date.parse(until) - now < PARTITIONS_AHEAD_MS;
  const description = [
    isShort
      ? "The nightly cron should create three months ahead: its log says why not."
      : "Each month of requests has its own; the nightly cron creates those of the next three months.",
    rowsInDefault > 0 &&
      `${formatCount(rowsInDefault, "request")} lie in the default partition: see "Move requests out of the default partition" in docs/operating.md.`,
  ];
  return check(
    name,
    isShort || rowsInDefault > 0 ? "warning" : "good",
    `Until ${until.slice(0, 10)}`,
    description.filter(Boolean).join(" "),
  );
}

/** None where no repository is configured. */
function promptSyncChecks(sync: Status["promptSync"]): HealthCheck[] {
  const name = "Prompt sync";
  if (sync === null) return [unknownCheck(name)];
  const { status, error, problems } = sync;
  if (status === "not_configured") return [];
  if (status === "error")
    return [check(name, "warning", "Failing", `${error ?? ""} The prompts of the last success are served.`)];
  if (problems > 0) {
    const description =
      "Files with errors are served in their last good version, if any. The page Prompts says where each error is.";
    return [check(name, "warning", formatCount(problems, "problem"), description)];
  }
  const value = { success: "Up to date", syncing: "Running", never_synced: "Waiting" }[status];
  return [check(name, "good", value, "Prompts are synced from a repository.")];
}

function databaseCheck({ reachable, latencyMs }: Status["database"]): HealthCheck {
  if (reachable) {
    const value = latencyMs === null ? "Available" : formatDuration(latencyMs);
    return check("Database", "good", value, "Round trip of one small query.");
  }
  const description =
    "Clients are not affected. Requests wait in the journal and are stored once the database is back.";
  return check("Database", "error", "Unavailable", description);
}

function journalCheck({
  reachable,
  ended,
  entries,
  oldestAgeMs: age,
  isMore,
}: Status["journal"]): HealthCheck {
  const name = "Journal";
  if (!reachable) {
    const description =
      "Clients are not affected. Until R2 is back, only the metadata of requests is stored, not their bodies.";
    return check(name, "error", "Unavailable", description);
  }
  const waiting = ended ?? 0;
  const running = (entries ?? 0) - waiting;
  const tone =
    age === null || age < JOURNAL_LATE_MS ? "good" : age < JOURNAL_STALLED_MS ? "warning" : "error";
  const description = [
    age !== null && `The oldest entry has been pending for ${formatDuration(age)}.`,
    running > 0 && `${formatCount(running, "request")} in progress.`,
    tone === "good"
      ? "Requests reach the database within seconds."
      : "Nothing is lost: the sweep retries every minute.",
  ];
  const value = waiting === 0 ? "Empty" : `${formatExact(waiting)}${isMore ? "+" : ""} pending`;
  return check(name, tone, value, description.filter(Boolean).join(" "));
}

function ingestCheck(failures: Status["ingestFailures"]): HealthCheck {
  const name = "Storage failures";
  if (failures === null) return unknownCheck(name, "Unknown while the database is unavailable.");
  if (failures.count === 0) return check(name, "good", "0", "All journal entries were stored.");
  const description = "Their journal entries are kept and retried. The errors are listed below.";
  return check(name, "error", formatExact(failures.count), description);
}

function edgeCheck(edge: Status["edge"]): HealthCheck {
  const name = "Domains and keys at the edge";
  if (edge === null) return unknownCheck(name);
  const { checked, missing, stale, extra, isMore } = edge;
  if (missing + stale + extra === 0)
    return check(name, "good", `${formatExact(checked)}${isMore ? "+" : ""}`, "KV agrees with the database.");
  const description = [
    missing > 0 && `${formatExact(missing)} missing: clients get 401.`,
    stale > 0 && `${formatExact(stale)} outdated.`,
    extra > 0 && `${formatExact(extra)} deleted or revoked, which may still work.`,
    "Run npx nexus project; cron repairs it every hour.",
  ];
  return check(
    name,
    "error",
    `${formatExact(missing + stale + extra)} differ`,
    description.filter(Boolean).join(" "),
  );
}

function sealingCheck(sealing: Status["sealing"]): HealthCheck {
  const name = "Sealing keys";
  if (sealing === null) return unknownCheck(name);
  const described = sealing.keys.flatMap(({ id, state, fields }) => {
    const used = Object.entries(fields).map(([field, count]) => `${formatExact(count)} ${field}`);
    const text = {
      current: null,
      needed: `${id} still opens ${used.join(", ")}: run npx nexus reseal.`,
      unused: `${id} is not needed any more: remove it from CREDENTIAL_KEYS two minutes after the last reseal.`,
      unknown: `${id} may still be needed: not everything could be counted.`,
      missing: `${id} is not in CREDENTIAL_KEYS, and ${used.join(", ")} cannot be opened: add it again.`,
    }[state];
    return text === null ? [] : [text];
  });
  const isMissing = sealing.keys.some(({ state }) => state === "missing");
  const isRotating = described.length > 0;
  return check(
    name,
    isMissing ? "error" : isRotating ? "warning" : "good",
    formatExact(sealing.keys.length),
    isRotating ? described.join(" ") : "Everything is sealed with the current key.",
  );
}

/** The indicator beside "Health" on every page. Null: the status did not arrive in time. */
export function healthIndicator(status: Result<Status> | null): HealthIndicator {
  if (status === null || (!status.ok && status.problem.status !== 503))
    return { tone: "mute", text: "Health unknown" };
  if (!status.ok) return { tone: "error", text: "Database unavailable" };
  const { state } = status.data;
  if (state === "ok") return { tone: "good", text: "Healthy" };
  const worst = coreChecks(status.data).find(({ tone }) => tone === "error" || tone === "warning");
  const text = worst ? `${worst.name}: ${worst.value}` : "Recording is delayed";
  return { tone: state === "failing" ? "error" : "warning", text };
}
