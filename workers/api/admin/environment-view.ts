/**
 * The environment as people may see it: numbers, yes and no, and names of places are shown; every other text is only said to be
 * set, because it may be a secret. What a new variable holds is hidden until it is named here. Pure; used by settings.ts.
 */
import type { z } from "zod";
import { Config } from "../../runtime/config.ts";

/** Texts that are no secrets: addresses without credentials, names and choices. */
const SHOWN = new Set([
  "ACCESS_TEAM_DOMAIN",
  "CLAUDE_API_BASE_URL",
  "CLAUDE_OAUTH_AUTHORIZE_URL",
  "CLAUDE_OAUTH_CLIENT_ID",
  "CLAUDE_OAUTH_REDIRECT_URL",
  "CLAUDE_OAUTH_SCOPES",
  "CLAUDE_OAUTH_TOKEN_URL",
  "DASHBOARD_URL",
  "SLACK_CHANNEL",
  "SLACK_ICON_EMOJI",
  "SLACK_MESSAGES",
  "SLACK_USERNAME",
  "SLACK_WEBHOOK_HOSTS",
]);

export interface Variable {
  name: string;
  /** Null where it is not shown. */
  value: string | null;
  isSet: boolean;
  isDefault: boolean;
  description: string;
}

/** Every variable the product knows, by name. */
export function environmentView(config: Config): Variable[] {
  const defaults = new Map(Object.entries(Config.shape).map(([name, schema]) => [name, defaultOf(schema)]));
  return Object.entries(Config.shape)
    .map(([name, schema]) => {
      const value: unknown = config[name as keyof Config];
      const isPlain = typeof value === "number" || typeof value === "boolean";
      const text = isPlain || typeof value === "string" ? String(value) : null;
      return {
        name,
        value: text !== null && (isPlain || (SHOWN.has(name) && !hasCredentials(text))) ? text : null,
        isSet: value !== undefined,
        isDefault: value === defaults.get(name),
        description: schema.description ?? "",
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What the schema makes of an absent variable. */
function defaultOf(schema: z.ZodType): unknown {
  const parsed = schema.safeParse(undefined);
  return parsed.success ? parsed.data : undefined;
}

/** An address may carry a name and a password. */
function hasCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== "" || url.password !== "" || url.search !== "");
}
