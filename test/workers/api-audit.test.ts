/** The audit log: who changed what, page by page. */
import { beforeEach, expect, it } from "vitest";
import { storeConversation } from "../support/worker-linked-conversation.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { allPages, apiJson, call, apiError, store, VIEWER_KEY } from "../support/worker-api.ts";

beforeEach(resetDatabase);

interface Entry {
  id: string;
  at: string;
  actor: string;
  role: string;
  action: string;
  target: string;
  details: Record<string, unknown>;
}
interface Page {
  entries: Entry[];
  nextCursor: string | null;
}
const entries = (query = "") => apiJson<Page>(`/api/audit${query}`);

it("names actor, role, action, target and what was set", async () => {
  const body = {
    accountId: "acc_1",
    credential: { type: "passthrough" },
    slack: { webhook_url: "https://hooks.slack.com/services/secret", channel: "#a" },
  };
  await call("/api/domains/a.example", { method: "PUT", body });
  const { id } = await apiJson<{ id: string }>("/api/domains/a.example/client-keys", {
    method: "POST",
    body: { name: "laptop" },
  });
  await call(`/api/domains/a.example/client-keys/${id}`, { method: "DELETE" });
  await call("/api/domains/a.example", { method: "DELETE" });
  const seen = (await entries()).entries.reverse();
  expect(seen.map(({ actor, role, action, target }) => [actor, role, action, target])).toEqual([
    ["dashboard-key", "administrator", "domain.put", "a.example"],
    ["dashboard-key", "administrator", "client_key.create", id],
    ["dashboard-key", "administrator", "client_key.revoke", id],
    ["dashboard-key", "administrator", "domain.delete", "a.example"],
  ]);
  expect(seen[0]?.details).toEqual({
    created: true,
    accountId: "acc_1",
    credentialType: "passthrough",
    credentialSet: true,
    slack: { channel: "#a", webhook: "set" },
  });
});

it("has openings of transcripts and downloads of bodies, not reads of lists", async () => {
  const [made] = await store({});
  await call("/api/requests", { key: VIEWER_KEY });
  await call(`/api/requests/${made!.id}`, { key: VIEWER_KEY });
  // Another tab of its page is the same reading.
  await call(`/api/requests/${made!.id}`, { key: VIEWER_KEY });
  await call(`/api/requests/${made!.id}/body`, { key: null, bindings: { DASHBOARD_READ_ONLY: "true" } });
  await call(`/api/requests/${made!.id}/response`);
  const seen = (await entries()).entries.reverse();
  expect(seen.map(({ actor, action, target, details }) => [actor, action, target, details.part])).toEqual([
    ["viewer-key", "transcript.open", made!.id, undefined],
    ["anyone", "body.download", made!.id, "request"],
    ["dashboard-key", "body.download", made!.id, "response"],
  ]);
});

it("has previews, searches, started logins and reconciled windows", async () => {
  const conversationId = crypto.randomUUID();
  await storeConversation(conversationId, [
    { name: "a", at: 0, messages: [{ role: "user", content: "Hi" }] },
  ]);
  const preview = `/api/conversations/${conversationId}/messages?purpose=preview`;
  for (let n = 0; n < 2; n++) {
    await apiJson(preview, { key: VIEWER_KEY });
    await apiJson(`/api/search?q=${encodeURIComponent("who has sk-ant-api03-secret")}`, { key: VIEWER_KEY });
    await apiJson(`/api/search?q=word${n}`, { key: null, bindings: { DASHBOARD_READ_ONLY: "true" } });
  }
  await call("/api/domains/a.example", {
    method: "PUT",
    body: { accountId: "acc_1", credential: { type: "passthrough" } },
  });
  await apiJson("/api/windows/acc_1/reconcile", { method: "POST", body: { hours: 5 } });
  await apiJson("/api/accounts/acc_2/oauth/login", { method: "POST", body: {} });
  const seen = (await entries()).entries.reverse();
  expect(seen.map(({ actor, action, target }) => [actor, action, target])).toEqual([
    ["viewer-key", "transcript.preview", conversationId],
    ["viewer-key", "messages.search", "who has sk-ant-***"],
    ["anyone", "messages.search", "*"],
    ["dashboard-key", "domain.put", "a.example"],
    ["dashboard-key", "account_window.reconcile", "acc_1"],
    ["dashboard-key", "account.login_start", "acc_2"],
  ]);
});

it("has an opening again after half an hour, and one by another actor at once", async () => {
  const [made] = await store({});
  const open = (caller: { key?: string } = {}) => call(`/api/requests/${made!.id}`, caller);
  await open({ key: VIEWER_KEY });
  await queryRows("UPDATE audit_log SET at = at - interval '29 minutes'");
  await open({ key: VIEWER_KEY });
  expect((await entries()).entries).toHaveLength(1);
  await queryRows("UPDATE audit_log SET at = at - interval '2 minutes'");
  await open({ key: VIEWER_KEY });
  await open();
  expect((await entries()).entries.map(({ actor }) => actor)).toEqual([
    "dashboard-key",
    "viewer-key",
    "viewer-key",
  ]);
});

it("pages from the newest to the oldest, each entry once, while more are added", async () => {
  await queryRows(
    `INSERT INTO audit_log (at, actor, role, action, target)
     SELECT '2026-11-22T12:00:00Z'::timestamptz + (n / 3) * interval '1 ms', 'a', 'viewer', 'x.' || n % 2, n::text
     FROM generate_series(1, 25) n`,
  );
  const insert = "INSERT INTO audit_log (actor, role, action, target) VALUES ('b', 'viewer', 'y', 'new')";
  const pages = await allPages<Page>("/api/audit?limit=4", () => queryRows(insert));
  const targets = pages.flatMap((page) => page.entries.map(({ target }) => target));
  expect(targets).toEqual(Array.from({ length: 25 }, (_, n) => String(25 - n)));
  expect((await entries("?action=x.1&limit=500")).entries).toHaveLength(13);
  expect((await entries("?actor=b&target=new")).entries).toHaveLength(7);
});

it("refuses cursors of other endpoints and invalid ones", async () => {
  const ofRequests = btoa("1.1764000000123.019ab1c2-d3e4-7f00-8a1b-2c3d4e5f6071").replaceAll("=", "");
  for (const cursor of ["x", ofRequests, "a".repeat(300)]) {
    const { status, details } = await apiError(`/api/audit?cursor=${cursor}`);
    expect([status, details[0]?.parameter]).toEqual([400, "cursor"]);
  }
});
