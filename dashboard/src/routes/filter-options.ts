/** What the selects of the filter bar offer. They stay empty when the API does not answer. */
import type { Context } from "hono";
import type { Choices } from "../../../workers/schemas/api/choices.ts";
import type { AppEnv } from "../context/environment.ts";

const NONE: Choices = { domains: [], accounts: [], models: [], requestTypes: [] };

export async function loadChoices(c: Context<AppEnv>): Promise<Choices> {
  const answer = await c.get("api").get<Choices>("/api/choices");
  return answer.ok ? answer.data : NONE;
}
