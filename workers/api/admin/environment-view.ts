/**
 * The environment without secrets: numbers, booleans and the texts listed in SHOWN have their value; of every other text only
 * whether it is set. A new variable is hidden until it is listed. Pure; used by settings.ts.
 */
import type { z } from "zod";
import { Config } from "../../runtime/config.ts";

/** Texts that are not secrets: URLs without credentials, names and options. */
const SHOWN = new Set([
  "ACCESS_TEAM_DOMAIN",
  "AI_CLAUDE_ACCOUNT_ID",
  "AI_CLAUDE_MODEL_NAME",
  "AI_DAILY_BUDGET_USD",
  "AI_PROVIDER",
  "ALLOWED_ORIGINS",
  "CLAUDE_API_BASE_URL",
  "CLAUDE_OAUTH_AUTHORIZE_URL",
  "CLAUDE_OAUTH_CLIENT_ID",
  "CLAUDE_OAUTH_REDIRECT_URL",
  "CLAUDE_OAUTH_SCOPES",
  "CLAUDE_OAUTH_TOKEN_URL",
  "DASHBOARD_URL",
  "GEMINI_API_URL",
  "GEMINI_MODEL_NAME",
  "GITHUB_API_URL",
  "MCP_GITHUB_BRANCH",
  "MCP_GITHUB_OWNER",
  "MCP_GITHUB_PATH",
  "MCP_GITHUB_REPO",
  "MCP_TOOLS_SCOPE",
  "SLACK_CHANNEL",
  "SLACK_ICON_EMOJI",
  "SLACK_MESSAGES",
  "SLACK_USERNAME",
  "SLACK_WEBHOOK_HOSTS",
  "SPARK_API_URL",
]);

export interface Variable {
  name: string;
  /** Null where hidden or not set. */
  value: string | null;
  isSet: boolean;
  isDefault: boolean;
  description: string;
}

/** Every known variable, by name. */
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

/** The value of the schema for an absent variable. */
function defaultOf(schema: z.ZodType): unknown {
  const parsed = schema.safeParse(undefined);
  return parsed.success ? parsed.data : undefined;
}

/** Whether a URL has a user, a password or a query. */
function hasCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.username !== "" || url.password !== "" || url.search !== "");
}
