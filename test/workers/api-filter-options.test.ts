/** Names to filter by: all there are, each once, without reading the rows they are in. */
import { beforeEach, expect, it, vi } from "vitest";
import type { FilterOptions } from "../../workers/schemas/api/filter-options.ts";
import type { Status } from "../../workers/schemas/api/status.ts";
import { messageRequest } from "../support/exchanges.ts";
import { queryRows, resetDatabase } from "../support/worker-database.ts";
import { apiJson, store } from "../support/worker-api.ts";

beforeEach(resetDatabase);

const choices = () => apiJson<FilterOptions>("/api/choices");

it("are the two common request types before any request", async () => {
  expect(await choices()).toEqual({
    domains: [],
    accounts: [],
    models: [],
    requestTypes: ["inference", "query_evaluation"],
  });
});

it("are listed once and sorted, accounts of unused domains included", async () => {
  const asking = (domain: string, model: string, text = "Hi") => ({
    domain,
    requestBody: messageRequest(text, { model }),
  });
  await store(
    asking("b.example", "claude-opus-5-5"),
    asking("a.example", "claude-haiku-4-5"),
    asking("a.example", "claude-opus-5-5", "quota"),
    asking("a.example", "</option><script>"),
  );
  const body = { accountId: "acc_of_c", credential: { type: "passthrough" } };
  await apiJson("/api/domains/c.example", { method: "PUT", body });
  const used = await queryRows<{ id: string }>("SELECT DISTINCT account_id AS id FROM requests");
  expect(await choices()).toEqual({
    domains: ["a.example", "b.example", "c.example"],
    accounts: [...used.map(({ id }) => id), "acc_of_c"].sort(),
    models: ["</option><script>", "claude-haiku-4-5", "claude-opus-5-5"],
    requestTypes: ["inference", "query_evaluation", "quota"],
  });
});

it("the status may be as old as maxAge, and is never from the future", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 60_000 });
  await apiJson<Status>("/api/status");
  vi.useRealTimers();
  const before = await apiJson<Status>("/api/status");
  await queryRows(
    "INSERT INTO ingest_failures (exchange_id, domain, error, attempts) VALUES (gen_random_uuid(), 'a', 'b', 1)",
  );
  expect(await apiJson<Status>("/api/status?maxAge=60")).toEqual(before);
  expect(await apiJson<Status>("/api/status")).toMatchObject({
    state: "failing",
    ingestFailures: { count: 1 },
  });
  expect(await apiJson<Status>("/api/status?maxAge=60")).toMatchObject({
    state: "failing",
    ingestFailures: { count: 1 },
  });
});
