/** The options of the filter bar; empty when the API does not respond. */
import type { Context } from "hono";
import type { FilterOptions } from "../../../workers/schemas/api/filter-options.ts";
import type { AppEnv } from "../context/environment.ts";

const NO_OPTIONS: FilterOptions = { domains: [], accounts: [], models: [], requestTypes: [] };

export async function loadFilterOptions(c: Context<AppEnv>): Promise<FilterOptions> {
  const result = await c.get("api").get("/api/choices");
  return result.ok ? result.data : NO_OPTIONS;
}
