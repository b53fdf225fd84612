/** The pages of administration and health against the API: domains, accounts, the audit log, what the machine says of itself. */
import type { z } from "zod";
import { allChecks } from "../../../dashboard/src/api/health.ts";
import { formatExact, formatShare } from "../../../dashboard/src/format/number.ts";
import type { AccountList, AccountView } from "../../../workers/schemas/api/accounts.ts";
import type { AuditList } from "../../../workers/schemas/api/audit.ts";
import type { LinkingQuality } from "../../../workers/schemas/api/conversations.ts";
import type { DomainDetail, DomainList } from "../../../workers/schemas/api/domains.ts";
import type { PendingAlerts, Environment } from "../../../workers/schemas/api/settings.ts";
import type { Status } from "../../../workers/schemas/api/status.ts";
import type { WindowDetail, WindowList } from "../../../workers/schemas/api/windows.ts";
import type { Check } from "./agreement.ts";
import { at, ended, wire } from "./words.ts";
import { windowBars } from "./words-of-sums.ts";

const DOMAIN = "checkout.claude.example";
const CREDENTIALS: Readonly<Record<string, string>> = { api_key: "API key", passthrough: "Passthrough" };

const domains: Check = {
  path: "/domains",
  apart: ["table.domains thead"],
  async expected({ getJson: ask }) {
    const { domains: all } = await ask<z.infer<typeof DomainList>>("/api/domains");
    return {
      "table.domains tbody tr": all.map((one) =>
        [
          wire(one.domain, 80),
          wire(one.accountId, 40),
          one.credentialType === null ? "–" : CREDENTIALS[one.credentialType],
          one.configured ? "Active" : "Not configured",
          formatExact(one.requestCount),
        ].join(" | "),
      ),
    };
  },
};

const domain: Check = {
  path: `/domains/${DOMAIN}`,
  // What is in its forms is what stands above them.
  apart: ["details form"],
  async expected({ getJson: ask }) {
    const detail = await ask<DomainDetail>(`/api/domains/${DOMAIN}`);
    return {
      ".definition-item": [
        `Account ${wire(detail.accountId, 128)}`,
        `Credential ${CREDENTIALS[detail.credential.type]}, Ready`,
        "Endpoints All of /v1/ except /v1/organizations/ and /v1/oauth/",
      ],
      ".key-list .key-name": detail.clientKeys.map(({ name }) => wire(name, 80)),
      ".key-list > li > .mute": detail.clientKeys.map(({ createdAt }) => `created ${at(createdAt)}`),
    };
  },
};

const accounts: Check = {
  path: "/accounts",
  async expected({ getJson: ask }) {
    const [{ accounts: known }, { windows }] = await Promise.all([
      ask<AccountList>("/api/accounts"),
      ask<WindowList>("/api/windows"),
    ]);
    const bars = (accountId: string) => {
      const window = windows.find((one) => one.accountId === accountId);
      return window ? windowBars(window) : "No requests in the last 8 days";
    };
    const seen = windows.filter(({ accountId }) => !known.some((one) => one.accountId === accountId));
    const byName = (left: { accountId: string }, right: { accountId: string }) =>
      left.accountId < right.accountId ? -1 : 1;
    return {
      ".account-list > li": [
        ...known
          .toSorted(byName)
          .map(
            (one) =>
              `${wire(one.accountId, 60)} ${CREDENTIALS[one.credentialType]}, Ready ${one.domains.join(" ")} ${bars(one.accountId)}`,
          ),
        ...seen
          .toSorted(byName)
          .map(
            ({ accountId }) =>
              `${wire(accountId, 60)} Seen in traffic only. Clients use their own credentials. ${bars(accountId)}`,
          ),
      ],
    };
  },
};

const account: Check = {
  path: "/accounts/acc_checkout",
  apart: ["details form"],
  async expected({ getJson: ask }) {
    const [detail, window] = await Promise.all([
      ask<AccountView>("/api/accounts/acc_checkout"),
      ask<WindowDetail>("/api/windows/acc_checkout"),
    ]);
    return {
      ".definition-item": [
        `Type ${CREDENTIALS[detail.credentialType]}`,
        "Status Ready",
        `Updated ${at(detail.updatedAt)}`,
        `Used by ${detail.domains.join(" ")}`,
      ],
      ".window-rows, .window-none": [windowBars(window, true)],
    };
  },
};

const ACTIONS: Readonly<Record<string, string>> = {
  "client_key.create": "Client key created",
  "domain.put": "Domain saved",
  "session.close": "Signed out",
  "session.open": "Signed in",
  "body.download": "Request downloaded",
  "transcript.open": "Transcript opened",
};

/** Looking is written down, too: the log is read as it was before this very look at it, and looking at the log is not. */
const audit: Check = {
  path: "/audit",
  apart: ["select[name=action] option"],
  async expected({ getJson: ask }) {
    const { entries, nextCursor } = await ask<z.infer<typeof AuditList>>("/api/audit?limit=50");
    return {
      "table.audit tbody tr": entries.map((entry) => {
        const details = Object.entries(entry.details)
          .filter(([, value]) => value !== null && value !== undefined)
          .map(([name, value]) => `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
        return [
          at(entry.at),
          `${wire(entry.actor, 48)} ${entry.role}`,
          ACTIONS[entry.action] ?? `no words for ${entry.action}`,
          wire(entry.target, 80),
          details.length === 0 ? "–" : wire(details.join(", "), 160),
        ].join(" | ");
      }),
      ".pager": [nextCursor ? "Next page" : ""],
    };
  },
};

const health: Check = {
  path: "/settings?show=linking",
  async expected({ getJson: ask }) {
    const [status, alerts, linking, { variables }] = await Promise.all([
      ask<Status>("/api/status"),
      ask<PendingAlerts>("/api/alerts"),
      ask<LinkingQuality>("/api/quality/linking"),
      ask<Environment>("/api/environment"),
    ]);
    const checks = allChecks(status, { ok: true, data: alerts }, Date.now());
    const weeks = [...new Set(linking.weeks.map(({ week }) => week))].sort().slice(-4);
    const variable = ({ name, value, isSet, description }: Environment["variables"][number]) =>
      `${name} ${value === null ? (isSet ? "set (hidden)" : "not set") : wire(value, 120)} ${description}`;
    const changed = variables.filter(({ isDefault }) => !isDefault);
    const others = variables.filter(({ isDefault }) => isDefault);
    return {
      // How long a query takes is another thing each time.
      ".check": (shown) =>
        checks.map(({ name, tone, value, description: words }, n) =>
          name === "Database" && /\d+ ms/.test(shown[n] ?? "")
            ? shown[n]!
            : `{${tone}} ${name} ${value} ${words}`,
        ),
      ".plain-list > div": [
        ...Object.entries(status.counters ?? {})
          .filter(([, count]) => count > 0)
          .map(([name, count]) => `${name} ${formatExact(count)}`),
        `Nexus ${status.versions.nexus}`,
        `Migrations applied ${formatExact(status.versions.migrations)}`,
        `Latest stored request ${at(status.newestRequestAt)}`,
        `Postgres ${wire(status.versions.database, 60)}`,
      ],
      ".card:has(> .plain-list) > h2, .card:has(> p):not(:has(dl)) > h2 > .mute, .card:has(.last-errors) > h2":
        (shown) => shown,
      "#linking thead tr": [
        [
          "Client",
          "Follow-ups",
          "Matched",
          "Unmatched",
          "Low confidence",
          ...weeks.map((week) => week.slice(5)),
        ].join(" | "),
      ],
      "#linking tbody tr": linking.clients
        .slice(0, 12)
        .map((one) =>
          [
            one.client === null ? "Unknown" : wire(one.client, 60),
            formatExact(one.continuations),
            formatShare(one.linkedShare),
            formatExact(one.orphans),
            formatExact(one.lowConfidence),
            ...weeks.map((week) =>
              formatShare(
                linking.weeks.find((other) => other.client === one.client && other.week === week)
                  ?.linkedShare ?? null,
              ),
            ),
          ].join(" | "),
        ),
      "table.last-errors tbody tr": status.lastErrors!.map((one) =>
        [
          at(one.timestamp),
          ended({ ...one, outcome: one.outcome as "complete", errorType: null }),
          wire(one.domain, 40),
          wire(one.error, 160),
        ].join(" | "),
      ),
      ".variables > div": [...changed, ...others].map(variable),
      ".inner-fold > summary": [`${others.length} settings at their default`],
    };
  },
};

export const ADMINISTRATION = [domains, domain, accounts, account, health, audit];
