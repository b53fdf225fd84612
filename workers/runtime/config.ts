/**
 * The environment's schema: every variable with its default and meaning. loadConfig reports all problems in one message.
 * No other module reads a variable from `env`; bindings are read directly.
 */
import { z } from "zod";
import { isLoopbackName } from "../domain/http/host.ts";
import { MAX_ANALYSIS_CALL_MS } from "./constants.ts";

/** `[vars]` of wrangler.toml may have booleans and numbers, an environment has texts. */
const flag = (byDefault: boolean) =>
  z
    .union([z.boolean(), z.enum(["true", "false", "1", "0", ""])], { error: "expected true or false" })
    .optional()
    .transform((value) =>
      value === undefined || value === "" ? byDefault : value === true || value === "true" || value === "1",
    );
/** Decimal digits in a text: Number would also read `0x10`, `1e3` and blanks. */
const number = z.union(
  [
    z.number(),
    z
      .string()
      .regex(/^\d+(\.\d+)?$/, "expected a decimal number")
      .transform(Number),
  ],
  { error: "expected a decimal number" },
);
const positive = (byDefault: number) => number.pipe(z.number().int().positive()).default(byDefault);
/** A prompt's instructions alone take some hundred tokens. */
const MIN_PROMPT_TOKENS = 1_000;
const tokens = number.pipe(
  z.number().int().min(MIN_PROMPT_TOKENS, `expected at least ${MIN_PROMPT_TOKENS} tokens`),
);
const milliseconds = positive;
const secret = z.string().min(1).optional();
/** Unset where it is empty, as the existing system's example of an environment has it. */
const optionalText = (pattern: RegExp, message: string) =>
  z
    .string()
    .regex(pattern, message)
    .or(z.literal(""))
    .optional()
    .transform((text) => (text === "" ? undefined : text));

/** Secrets are sent there, so it must be https; loopback is allowed for tests and the local stack. */
const secureAddress = (byDefault: string) =>
  z
    .url()
    .refine((text) => isSecure(text), { error: "expected an https address" })
    .default(byDefault);

export const Config = z
  .object({
    DATABASE_URL: z.string().min(1).describe("Neon connection string of the writing role."),
    DATABASE_READONLY_URL: secret.describe("Connection string of the reading role; default DATABASE_URL."),
    NEON_BRIDGE: secret.describe(
      "host:port of a bridge that implements Neon's HTTP and WebSocket protocols (local stack only).",
    ),
    CREDENTIAL_KEYS: z
      .string()
      .regex(
        /^[\w-]+:[A-Za-z0-9+/_-]{43}=?(,[\w-]+:[A-Za-z0-9+/_-]{43}=?)*$/,
        "expected id:base64 of 32 bytes, comma-separated, the sealing key first",
      )
      .describe(
        "Keys that encrypt upstream credentials: id:base64(32 bytes), comma-separated; the first encrypts, all decrypt.",
      ),
    DASHBOARD_API_KEY: secret.describe(
      "Administrator's key of API and dashboard. Without it administration is not available.",
    ),
    DASHBOARD_VIEWER_KEY: secret.describe("Viewer's key of API and dashboard."),
    DASHBOARD_READ_ONLY: flag(false).describe("true allows reading, and only reading, without a key."),
    DASHBOARD_URL: z.url().optional().describe("The dashboard's address, for links in alerts."),
    SLACK_WEBHOOK_URL: z
      .url()
      .optional()
      .describe("Slack incoming webhook for domains without their own, and for alerts about the deployment."),
    SLACK_CHANNEL: secret.describe("Channel of that webhook, if it allows choosing one."),
    SLACK_USERNAME: secret.describe("Name shown as the sender."),
    SLACK_ICON_EMOJI: secret.describe("Icon of the sender, such as :robot_face:."),
    SLACK_ENABLED: flag(true).describe("false: that webhook is not used."),
    SLACK_MESSAGES: z
      .enum(["full", "masked", "off"])
      .default("full")
      .describe(
        "What alerts contain of conversations: full; masked (lengths, models and tokens, but no text, also in errors); off. Secrets are always masked.",
      ),
    SLACK_WEBHOOK_HOSTS: z
      .string()
      .default("hooks.slack.com,hooks.slack-gov.com")
      .describe("Hosts to which alerts may be sent, comma-separated; always https."),
    ACCESS_TEAM_DOMAIN: secret.describe("Cloudflare Access team domain (team.cloudflareaccess.com)."),
    ACCESS_AUD: secret.describe("Audience tag of the Access application in front of the dashboard."),
    ACCESS_ADMIN_EMAILS: secret.describe(
      "Comma-separated e-mail addresses that are administrators; others are viewers.",
    ),
    ACCESS_ALLOW_KEY: flag(false).describe(
      "true: with Cloudflare Access configured, dashboard keys sign in to the dashboard too.",
    ),
    CLAUDE_API_BASE_URL: z.url().default("https://api.anthropic.com").describe("Upstream."),
    CLAUDE_API_TIMEOUT: milliseconds(600_000).describe("Milliseconds to upstream's response headers."),
    PROXY_SERVER_TIMEOUT: milliseconds(660_000).describe(
      "Milliseconds for the whole exchange until the response stream starts.",
    ),
    STREAM_MAX_MS: milliseconds(3_600_000).describe("Milliseconds a streaming response may take."),
    STREAM_TIMING_SAMPLE: number
      .pipe(z.number().min(0).max(1))
      .default(0)
      .describe(
        "Share of streamed responses, 0 to 1, whose chunks are timed for the request page; 1: all. Timing costs CPU per event.",
      ),
    SWEEP_AFTER_MS: milliseconds(120_000).describe(
      "Milliseconds after which the sweep enqueues an exchange again that was recorded and is not stored.",
    ),
    CLAUDE_OAUTH_TOKEN_URL: secureAddress("https://console.anthropic.com/v1/oauth/token").describe(
      "Endpoint that exchanges codes and refresh tokens for access tokens.",
    ),
    CLAUDE_OAUTH_AUTHORIZE_URL: secureAddress("https://claude.ai/oauth/authorize").describe("Login page."),
    CLAUDE_OAUTH_REDIRECT_URL: secureAddress("https://console.anthropic.com/oauth/code/callback").describe(
      "Page that shows the code after a login.",
    ),
    CLAUDE_OAUTH_CLIENT_ID: z
      .string()
      .min(1)
      .default("9d1c250a-e61b-44d9-88ed-5944d1962f5e")
      .describe("Client id of OAuth logins."),
    CLAUDE_OAUTH_SCOPES: z
      .string()
      .min(1)
      .default("org:create_api_key user:profile user:inference")
      .describe("Scopes that a login requests, separated by spaces."),
    OAUTH_REFRESH_EARLY_MS: milliseconds(60_000).describe(
      "A request renews an access token that expires within this many milliseconds.",
    ),
    OAUTH_TOKEN_TIMEOUT_MS: milliseconds(30_000).describe("Milliseconds to the login server's response."),
    ENABLE_CLIENT_AUTH: flag(true).describe(
      "false: clients need no key, and anyone who reaches the domain uses its credential.",
    ),
    ALLOWED_ORIGINS: z
      .string()
      .default("")
      .describe(
        "Origins of other sites whose pages may send requests that need no client key, comma-separated, such as https://tool.example.",
      ),
    AI_PROVIDER: z
      .enum(["gemini", "claude"])
      .default("gemini")
      .describe(
        "Which provider analyzes conversations. Analysis is off per domain until an administrator turns it on.",
      ),
    AI_CLAUDE_ACCOUNT_ID: secret.describe(
      "With AI_PROVIDER=claude: the account whose API key pays for analyses.",
    ),
    AI_CLAUDE_MODEL_NAME: z
      .string()
      .min(1)
      .default("claude-sonnet-5")
      .describe("Model of analyses by Claude."),
    GEMINI_API_KEY: secret.describe(
      "Key of the Gemini API. Without it, and without AI_PROVIDER=claude, there are no analyses.",
    ),
    GEMINI_API_URL: secureAddress("https://generativelanguage.googleapis.com/v1beta/models").describe(
      "Address of the Gemini API, up to the model's name.",
    ),
    GEMINI_MODEL_NAME: z.string().min(1).default("gemini-3.8-flash").describe("Model of analyses by Gemini."),
    AI_WORKER_ENABLED: flag(true).describe("false: analyses wait in the queue."),
    AI_WORKER_MAX_CONCURRENT_JOBS: positive(3).describe("Analyses that run at once."),
    AI_ANALYSIS_MAX_RETRIES: positive(3).describe(
      "Attempts of one analysis, the first included; each calls the model once.",
    ),
    AI_ANALYSIS_GEMINI_REQUEST_TIMEOUT_MS: milliseconds(60_000)
      .refine((value) => value <= MAX_ANALYSIS_CALL_MS, {
        error: `expected at most ${MAX_ANALYSIS_CALL_MS}, because a queue consumer ends after 15 minutes`,
      })
      .describe(
        "Milliseconds that a model may take for a short prompt; a long prompt gets up to ten minutes, which is the most that can be set.",
      ),
    AI_MAX_PROMPT_TOKENS: tokens
      .default(855_000)
      .describe(
        "Tokens of a prompt, at most; longer transcripts lose their middle. A model with a smaller context window has its own limit.",
      ),
    AI_ANALYSIS_INPUT_TRUNCATION_TARGET_TOKENS: tokens
      .optional()
      .describe("Tokens to which a transcript above the maximum is truncated; default: the maximum."),
    AI_ANALYSIS_TRUNCATE_FIRST_N_TOKENS: tokens
      .optional()
      .describe("Tokens of a truncated transcript for its first messages, at most. Default: as they need."),
    AI_ANALYSIS_TRUNCATE_LAST_M_TOKENS: tokens
      .optional()
      .describe("Tokens of a truncated transcript for its last messages, at most. Default: as they need."),
    AI_HEAD_MESSAGES: positive(5).describe(
      "Messages at the start of a truncated transcript that are kept if they fit.",
    ),
    AI_TAIL_MESSAGES: positive(20).describe(
      "Messages at the end of a truncated transcript that are kept first.",
    ),
    AI_ANALYSIS_RATE_LIMIT_CREATION: positive(15).describe(
      "Analyses that one caller may request per minute.",
    ),
    AI_ANALYSIS_RATE_LIMIT_RETRIEVAL: positive(100).describe(
      "Analyses that one caller may read per minute and isolate.",
    ),
    AI_DAILY_BUDGET_USD: z
      .union([z.string(), z.number().transform(String)])
      .pipe(z.string().regex(/^\d{1,9}(\.\d{1,12})?$/, "expected dollars such as 5 or 0.50"))
      .optional()
      .describe(
        "Attempts of analyses that start on one UTC day may cost this much, without a reported cost their estimate; then further ones wait until the next day. Default: no limit.",
      ),
    MCP_GITHUB_OWNER: optionalText(
      /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/,
      "expected the name of a GitHub user or organization",
    ).describe(
      "Owner of the GitHub repository that prompts are synced from. Without owner and repository, only bundled prompts are served.",
    ),
    MCP_GITHUB_REPO: optionalText(
      /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/,
      "expected the name of a repository without its owner",
    ).describe("Repository of the prompts."),
    MCP_GITHUB_BRANCH: optionalText(
      /^(?!.*\.\.)[^\s~^:?*[\\/.][^\s~^:?*[\\]*$/,
      "expected the name of a branch, such as main",
    )
      .transform((text) => text ?? "main")
      .describe("Branch of the prompts."),
    MCP_GITHUB_PATH: optionalText(
      /^(?!(?:.*\/)?\.{1,2}(?:\/|$))[^\\]*$/,
      "expected a folder, such as team/prompts, without . and ..",
    )
      .transform((text) =>
        (text ?? "prompts")
          .split("/")
          .filter((segment) => segment !== "")
          .join("/"),
      )
      .describe("Folder of the prompts in the repository; / is its root."),
    MCP_GITHUB_TOKEN: optionalText(/^[\x21-\x7e]+$/, "expected a token without blanks").describe(
      "Token that may read the repository's contents. Public repositories need none, but GitHub then allows few requests.",
    ),
    MCP_GITHUB_WEBHOOK_SECRET: optionalText(/^.{16,}$/s, "expected at least 16 characters").describe(
      "Secret of the repository's webhook, which syncs after each push. Without it there is no webhook.",
    ),
    MCP_SYNC_INTERVAL: positive(300).describe(
      "Seconds until the repository is checked for a new commit again; less than 60 counts as 60, because cron runs each minute.",
    ),
    GITHUB_API_URL: secureAddress("https://api.github.com").describe(
      "Address of the GitHub API; of GitHub Enterprise Server: https://HOST/api/v3.",
    ),
    LOCAL_PROMPTS: secret.describe(
      "Address where npm start serves the prompts of prompts/, which it reads again when a file changes (local stack only).",
    ),
    SPARK_API_KEY: optionalText(/^[\x21-\x7e]+$/, "expected a key without blanks").describe(
      "Key of Spark's API. Without it no feedback on recommendations is sent or shown.",
    ),
    SPARK_API_URL: secureAddress("http://localhost:8000")
      .refine((text) => isPlainAddress(text), {
        error: "expected an address without user, query or fragment",
      })
      .describe("Address of Spark's API."),
    SPARK_ENABLED: flag(true).describe("false: SPARK_API_KEY is not used."),
    SPARK_TIMEOUT_MS: milliseconds(10_000).describe("Milliseconds that a call of Spark's API may take."),
    MCP_TOOLS_ENABLED: flag(false).describe(
      "true: agents with a client key may read usage, conversations and errors over /mcp, those of their key.",
    ),
    MCP_TOOLS_SCOPE: z
      .enum(["key", "domain"])
      .default("key")
      .describe("domain: these tools read the whole domain of the key."),
    MCP_RATE_LIMIT_PER_MINUTE: positive(120).describe(
      "Requests to /mcp that one client key may send per minute and isolate.",
    ),
    LOCAL_WORLD: flag(false).describe(
      "Set by npm start: localhost and 127.0.0.1 are an open passthrough domain.",
    ),
    DEBUG: flag(false).describe("Debug lines in the log."),
    DEBUG_SQL: flag(false).describe("Every statement with its duration in the log (no parameters)."),
    SLOW_QUERY_THRESHOLD_MS: milliseconds(5_000).describe("Statements slower than this are logged, always."),
  })
  .superRefine((config, context) => {
    const maximum = config.AI_MAX_PROMPT_TOKENS;
    const { AI_ANALYSIS_INPUT_TRUNCATION_TARGET_TOKENS: target = maximum } = config;
    const first = config.AI_ANALYSIS_TRUNCATE_FIRST_N_TOKENS ?? 0;
    const last = config.AI_ANALYSIS_TRUNCATE_LAST_M_TOKENS ?? 0;
    const report = (name: string, message: string) =>
      context.addIssue({ code: "custom", path: [name], message });
    if (target > maximum)
      report("AI_ANALYSIS_INPUT_TRUNCATION_TARGET_TOKENS", "expected at most AI_MAX_PROMPT_TOKENS");
    if (first + last > target)
      report(
        "AI_ANALYSIS_TRUNCATE_FIRST_N_TOKENS",
        `expected at most ${target} together with AI_ANALYSIS_TRUNCATE_LAST_M_TOKENS`,
      );
  })
  .refine(
    ({ MCP_GITHUB_OWNER: owner, MCP_GITHUB_REPO: repository }) =>
      (owner === undefined) === (repository === undefined),
    {
      path: ["MCP_GITHUB_OWNER"],
      error: "MCP_GITHUB_OWNER and MCP_GITHUB_REPO name the repository together: set both or none",
    },
  );
export type Config = z.infer<typeof Config>;

/** Variables of the existing system that have no meaning here: accepted with one warning each that says why. */
export const IGNORED_VARIABLES: Readonly<Record<string, string>> = {
  STORAGE_ENABLED: "storage is always on",
  CREDENTIALS_DIR: "credentials live in the database; use the import command",
  TEST_SAMPLES_DIR: "a Worker has no file system",
  MCP_PROMPTS_DIR: "prompts are bundled from prompts/ or synced from a repository",
  MCP_WATCH_FILES: "a Worker has no file system",
  API_KEY_SALT: "client keys carry 256 random bits and need no salt",
  AI_WORKER_POLL_INTERVAL_MS: "analyses come by a queue",
  AI_WORKER_JOB_TIMEOUT_MINUTES: "the time limit grows with the prompt",
  AI_ANALYSIS_REQUEST_TIMEOUT_MS: "use AI_ANALYSIS_GEMINI_REQUEST_TIMEOUT_MS",
  AI_ANALYSIS_ENABLE_PII_REDACTION: "personal data is always masked",
  AI_ANALYSIS_ENABLE_PROMPT_INJECTION_PROTECTION: "a transcript always travels as data",
  AI_ANALYSIS_ENABLE_OUTPUT_VALIDATION: "results are always checked",
  AI_ANALYSIS_ENABLE_AUDIT_LOGGING: "analyses are always audited",
  AI_ANALYSIS_PROMPT_VERSION: "prompts are versioned by their content",
  AI_MAX_CONTEXT_TOKENS: "the model's context window is known",
  AI_MAX_PROMPT_TOKENS_BASE: "use AI_MAX_PROMPT_TOKENS",
  AI_TOKENIZER_SAFETY_MARGIN: "the estimate has a margin of its own",
  AI_ESTIMATED_CHARS_PER_TOKEN: "tokens are estimated by the kinds of characters",
  AI_TRUNCATION_STRATEGY: "use AI_HEAD_MESSAGES and AI_TAIL_MESSAGES",
  PORT: "use PROXY_PORT and DASHBOARD_PORT with npm start",
};

const known = new WeakMap<object, Config>();

/** The checked environment, cached per env object. Throws one ConfigError that names every problem. */
export function loadConfig(env: object): Config {
  const cached = known.get(env);
  if (cached) return cached;
  const parsed = Config.safeParse(env);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
    throw new ConfigError(`The environment is not usable: ${problems.join("; ")}`);
  }
  for (const [name, why] of Object.entries(IGNORED_VARIABLES)) {
    if (name in env) console.warn(JSON.stringify({ level: "warn", message: `${name} is ignored: ${why}` }));
  }
  known.set(env, parsed.data);
  return parsed.data;
}

function isSecure(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && (url.protocol === "https:" || isLoopbackName(url.hostname));
}

/** Paths are appended to it. */
function isPlainAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === "" && url.password === "" && !/[?#]/.test(text);
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
