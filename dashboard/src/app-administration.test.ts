/** The rows of administration and health, by hand-written texts. administration.test.ts tests the forms. */
import { expect, it } from "vitest";
import type { AccountList, AccountView } from "../../workers/schemas/api/accounts.ts";
import type { AuditList } from "../../workers/schemas/api/audit.ts";
import type { LinkingQuality } from "../../workers/schemas/api/conversations.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import type { WindowList } from "../../workers/schemas/api/windows.ts";
import { openPage, stopClock } from "../../test/support/dashboard-pages.ts";
import { recordedBody } from "../../test/support/replayed-api.ts";

const NOW = "2026-11-30T16:00:00.000Z";
const ago = (minutes: number) => new Date(Date.parse(NOW) - minutes * 60_000).toISOString();

stopClock(NOW);

async function visit(path: string, overrides: Record<string, unknown>) {
  return (await openPage(path, { overrides })).texts;
}

it("domains have their account, credential, state and requests", async () => {
  const page = await visit("/domains", {
    "GET /api/domains": {
      domains: [
        { domain: "a.example", accountId: "acc_one", credentialType: "oauth", configured: true, requestCount: 1_284 },
        { domain: "b.example", accountId: null, credentialType: null, configured: false, requestCount: 11 },
      ],
    }, // prettier-ignore
  });
  expect(page("table.domains tr")).toEqual([
    "Domain | Account | Credential | Status | Requests, 7 days",
    "a.example | acc_one | Claude login | Active | 1,284",
    "b.example | – | – | Not configured | 11",
  ]);
});

it("accounts have their credential, state, domains and windows; others are only seen in traffic", async () => {
  const { accounts } = recordedBody<AccountList>("/api/accounts");
  const accountOf = (id: string) => accounts.find(({ accountId }) => accountId === id)!;
  const [window] = recordedBody<WindowList>("/api/windows").windows;
  const page = await visit("/accounts", {
    "GET /api/accounts": {
      accounts: [
        { ...accountOf("acc_checkout"), domains: ["a.example", "b.example"] },
        { ...accountOf("acc_old-login"), domains: [] },
      ],
    },
    "GET /api/windows": {
      windows: [
        { ...window!, accountId: "acc_checkout", percentageUsed: 40 },
        { ...window!, accountId: "org_seen" },
      ],
    },
  });
  expect(page(".account-list li")).toEqual([
    "acc_old-login Claude login, Login required: clients get 401 until someone logs in Not used by any domain No requests in the last 8 days",
    "acc_checkout API key, Ready a.exampleb.example Custom limit 40% used 40% rolling 5 h",
    "Custom limit 40% used 40% rolling 5 h",
    "org_seen Seen in traffic only. Clients use their own credentials. No usage windows reported. API keys have none.",
  ]);
});

it("an account has the state of its login", async () => {
  const account = recordedBody<AccountView>("/api/accounts/acc_maya");
  const page = await visit("/accounts/acc_maya", {
    "GET /api/accounts/acc_maya": {
      ...account,
      updatedAt: ago(90),
      login: {
        ...account.login!,
        expiresAt: ago(-90),
        obtainedAt: ago(30),
        nextRefreshAt: ago(-85),
        rotations: 12,
        failures: 2,
        lastError: { at: ago(1), message: "no response" },
      },
    },
  });
  expect(page(".definition-item")).toEqual([
    "Type Claude login",
    "Status Ready",
    "Updated 1 h ago {2026-11-30 20:00:00 GMT+5:30}",
    "Used by maya.claude.example",
    "Login Ready",
    "Access token expires in 1 h {2026-11-30 23:00:00 GMT+5:30}",
    "Last renewed 30 m ago {2026-11-30 21:00:00 GMT+5:30}",
    "Next renewal in 1 h {2026-11-30 22:55:00 GMT+5:30}",
    "Renewals since login 12",
    "Scopes org:create_api_keyuser:profileuser:inference",
    "Last error no response, 1 m ago {2026-11-30 21:29:00 GMT+5:30} , 2 in a row",
  ]);
});

it("the audit log says who did what to what, and when", async () => {
  const entry = { actor: "session:1a2b3c4d", role: "administrator", at: ago(89) } as const;
  const page = await visit("/audit", {
    "GET /api/audit": {
      entries: [
        { ...entry, id: "2", action: "domain.put", target: "a.example", details: { created: true, slack: { enabled: true }, empty: null } },
        { ...entry, id: "1", action: "future.action", target: "b.example", details: {} },
      ],
      nextCursor: null,
    } satisfies AuditList, // prettier-ignore
  });
  expect(page("table.audit tbody tr")).toEqual([
    '1 h ago {2026-11-30 20:01:00 GMT+5:30} | session:1a2b3c4d administrator | Domain saved | a.example | created: true, slack: {"enabled":true}',
    "1 h ago {2026-11-30 20:01:00 GMT+5:30} | session:1a2b3c4d administrator | Future action | b.example | –",
  ]);
});

it("health has checks, versions, errors, and follow-ups by client and week", async () => {
  const row = {
    ...recordedBody<LinkingQuality>("/api/quality/linking").weeks[0]!,
    client: "claude-cli/2.1.330",
  };
  const status = recordedBody<Status>("/api/status");
  const linking = {
    ...recordedBody<LinkingQuality>("/api/quality/linking"),
    clients: [
      {
        ...row,
        continuations: 1_284,
        linkedShare: 0.9996,
        keptBranchShare: 0.957,
        orphans: 3,
        lowConfidence: 2,
      },
      {
        ...row,
        client: null,
        continuations: 0,
        linkedShare: null,
        keptBranchShare: null,
        orphans: 0,
        lowConfidence: 0,
      },
    ],
    weeks: [
      { ...row, week: "2026-11-23", linkedShare: 0.5 },
      { ...row, week: "2026-11-30", linkedShare: 1 },
    ],
  } satisfies LinkingQuality;
  const page = await visit("/settings?show=linking", {
    "GET /api/quality/linking": linking,
    "GET /api/status": {
      ...status,
      database: { reachable: true, latencyMs: 26 },
      journal: { ...status.journal, entries: 1_284, ended: 1_280, bytes: 50_535, oldestAgeMs: 65_000 },
      inFlight: 4,
      searchWaiting: 3,
      unrecorded: 2,
      unread: 1,
      models: { withoutPrice: ["claude-opus-9", "<b>gpt</b>"], withoutWindow: ["claude-opus-9"] },
      linking: { continuations: 55, orphans: 5, linkedShare: 0.9134 },
      edge: { checked: 40, missing: 2, stale: 1, extra: 3, isMore: false },
      sealing: {
        keys: [
          { id: "k3", state: "current", fields: {} },
          { id: "k2", state: "needed", fields: { "domains.slack_webhook": 2 } },
          { id: "k1", state: "unused", fields: {} },
        ],
      },
      partitions: { until: "2026-12-01T00:00:00.000Z", rowsInDefault: 3 },
      promptSync: {
        status: "error",
        error: "GitHub does not accept the token.",
        problems: 2,
        lastSuccessAt: null,
      },
      counters: { rejected_key: 12, notify_failed: 0 },
      newestRequestAt: ago(2),
      lastErrors: [
        { requestId: "one", domain: "a.example", timestamp: ago(120), responseStatus: 529, outcome: "complete", error: "Overloaded" },
      ], // prettier-ignore
      versions: { nexus: "0.1.0", migrations: 13, schema: 1_796_100_287_604, journal: 1, database: "18.6" },
    },
  });
  expect(page(".check")).toEqual([
    "Database 26 ms Round trip of one small query.",
    "Journal 1,280 pending The oldest entry has been pending for 1 m 5 s. 4 requests in progress. Requests reach the database within seconds.",
    "Storage failures 0 All journal entries were stored.",
    "Domains and keys at the edge 6 differ 2 missing: clients get 401. 1 outdated. 3 deleted or revoked, which may still work. Run npx nexus project; cron repairs it every hour.",
    "Sealing keys 3 k2 still opens 2 domains.slack_webhook: run npx nexus reseal. k1 is not needed any more: remove it from CREDENTIAL_KEYS two minutes after the last reseal.",
    "Requests in progress 4 Requests currently being proxied, across all domains.",
    "Missing bodies 2 R2 did not accept these bodies in the last 24 hours. Known tokens and metadata are stored. Check the status of R2 if this continues.",
    "Unread bodies 1 These bodies of the last 24 hours are stored but larger than what Nexus reads, or could not be read. Their tokens, prompts or conversations may be missing.",
    "Unknown models 2 Without a price: claude-opus-9, <b>gpt</b>. With an inferred context window: claude-opus-9. An update of Nexus may know them; then run npx nexus reprice.",
    "Pending alerts 0 All alerts are delivered.",
    "Conversation linking 91% Follow-up requests of the last 7 days that were matched to their conversation; 5 requests unmatched. If a new client version is below the others, run npx nexus relink after an update.",
    "Search index 3 pending Messages that are not searchable yet. They are indexed automatically when ingest is idle.",
    'Partitions Until 2026-12-01 The nightly cron should create three months ahead: its log says why not. 3 requests lie in the default partition: see "Move requests out of the default partition" in docs/operating.md.',
    "Prompt sync Failing GitHub does not accept the token. The prompts of the last success are served.",
  ]);
  expect(page(".plain-list div")).toEqual([
    "rejected key 12",
    "Nexus 0.1.0",
    "Migrations applied 13",
    "Latest stored request 2 m ago {2026-11-30 21:28:00 GMT+5:30}",
    "Postgres 18.6",
  ]);
  expect(page("table.last-errors tr")).toEqual([
    "2 h ago {2026-11-30 19:30:00 GMT+5:30} | 529 {Overloaded} | a.example | Overloaded",
  ]);
  expect(page("#linking tr")).toEqual([
    "Client | Follow-ups | Matched | Kept branch | Unmatched | Low confidence | 11-23 | 11-30",
    "claude-cli/2.1.330 | 1,284 | 99.9% | 96% | 3 | 2 | 50% | 100%",
    "Unknown | 0 | – | – | 0 | 0 | – | –",
  ]);
});
