/** What the selects of the filter bar offer. They stay empty when the API does not answer. */
import type { Context } from "hono";
import type { FilterOptions } from "../../../workers/schemas/api/filter-options.ts";
import type { AppEnv } from "../context/environment.ts";

const NONE: FilterOptions = { domains: [], accounts: [], models: [], requestTypes: [] };

export async function loadChoices(c: Context<AppEnv>): Promise<FilterOptions> {
  const answer = await c.get("api").get<FilterOptions>("/api/choices");
  return answer.ok ? answer.data : NONE;
}
