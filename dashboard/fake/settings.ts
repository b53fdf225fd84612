/** What the page of health asks beside the status, in the scripted API. */
import type { LinkingQuality } from "../../workers/schemas/api/conversations.ts";
import type { PendingAlerts, Environment } from "../../workers/schemas/api/settings.ts";
import type { Scenario } from "./api.ts";
import { MALICIOUS_STRINGS } from "./hostile.ts";

export function alertsOf(scenario: Scenario, now: number): PendingAlerts {
  if (scenario !== "hostile")
    return { waiting: 0, oldestAt: null, nextAt: null, outboxes: [], unanswered: 0, isMore: false };
  return {
    waiting: 3,
    oldestAt: new Date(now - 600_000).toISOString(),
    nextAt: new Date(now + 60_000).toISOString(),
    outboxes: [
      {
        kind: "domain",
        name: MALICIOUS_STRINGS[0]!,
        waiting: 3,
        attempts: 4,
        lastProblem: "Slack responded 404: no_service",
      },
    ],
    unanswered: 0,
    isMore: false,
  };
}

export function linkingOf(scenario: Scenario, now: number): LinkingQuality {
  const at = new Date(now).toISOString();
  const share = (requests: number, orphans: number) => ({
    requests,
    continuations: requests - 20,
    orphans,
    linkedShare: (requests - 20 - orphans) / (requests - 20),
    subtasks: 4,
    lowConfidence: 1,
  });
  const clients =
    scenario === "hostile"
      ? MALICIOUS_STRINGS
      : ["claude-cli/2.1.330", "claude-cli/1.0.58", "python-requests/2.32.5"];
  const weeks = ["2026-11-02", "2026-11-09", "2026-11-16"];
  const isEmpty = scenario === "empty";
  return {
    from: at,
    to: at,
    total: share(900, 3),
    clients: isEmpty ? [] : clients.map((client, n) => ({ ...share(400 / (n + 1), n), client })),
    weeks: isEmpty
      ? []
      : weeks.flatMap((week) => clients.map((client, n) => ({ ...share(120, n), week, client }))),
  };
}

export function environmentOf(scenario: Scenario): Environment {
  const variable = (name: string, value: string | null, isDefault: boolean, description: string) => ({
    name,
    value,
    isSet: true,
    isDefault,
    description,
  });
  return {
    variables: [
      variable("CLAUDE_API_TIMEOUT", "600000", true, "Milliseconds to upstream's response headers."),
      variable("DASHBOARD_API_KEY", null, false, "Administrator's key of API and dashboard."),
      variable(
        "DASHBOARD_URL",
        scenario === "hostile" ? MALICIOUS_STRINGS.join("") : "https://nexus.example.com",
        false,
        "Where the dashboard is.",
      ),
    ],
  };
}
