import { expect, test } from "vitest";
import { Config } from "../../runtime/config.ts";
import { environmentView } from "./environment-view.ts";

const secret = "s3cret-value";
const environment = {
  DATABASE_URL: `postgres://writer:${secret}@db.example/nexus`,
  DATABASE_READONLY_URL: `postgres://reader:${secret}@db.example/nexus`,
  CREDENTIAL_KEYS: `one:${Buffer.alloc(32, secret).toString("base64")}`,
  DASHBOARD_API_KEY: secret,
  DASHBOARD_VIEWER_KEY: secret,
  SLACK_WEBHOOK_URL: `https://hooks.slack.com/services/${secret}`,
  ACCESS_AUD: secret,
  ACCESS_ADMIN_EMAILS: `${secret}@example.com`,
  NEON_BRIDGE: `127.0.0.1:${secret.length}`,
  DASHBOARD_URL: `https://user:${secret}@dashboard.example/`,
  CLAUDE_API_BASE_URL: `https://claude.example/?key=${secret}`,
  CLAUDE_API_TIMEOUT: "1000",
  SLACK_MESSAGES: "masked",
};
const view = environmentView(Config.parse(environment));
const of = (name: string) => view.find((one) => one.name === name);

test("names every variable with what it means, and no secret", () => {
  expect(view.map(({ name }) => name)).toEqual(Object.keys(Config.shape).sort());
  for (const { name, description } of view) expect(description, name).not.toBe("");
  expect(JSON.stringify(view)).not.toContain(secret);
  expect(JSON.stringify(view)).not.toContain(Buffer.alloc(32, secret).toString("base64"));
});

test("shows numbers, yes and no, choices and plain addresses", () => {
  expect(of("CLAUDE_API_TIMEOUT")).toMatchObject({ value: "1000", isSet: true, isDefault: false });
  expect(of("PROXY_SERVER_TIMEOUT")).toMatchObject({ value: "660000", isSet: true, isDefault: true });
  expect(of("ENABLE_CLIENT_AUTH")).toMatchObject({ value: "true", isDefault: true });
  expect(of("SLACK_MESSAGES")).toMatchObject({ value: "masked", isDefault: false });
  expect(of("SLACK_WEBHOOK_HOSTS")).toMatchObject({ isDefault: true });
  expect(of("SLACK_WEBHOOK_URL")).toMatchObject({ value: null, isSet: true, isDefault: false });
  expect(of("SLACK_CHANNEL")).toMatchObject({ value: null, isSet: false, isDefault: true });
});

test("shows no text of a variable that looks like a secret", () => {
  const shown = view.filter(({ value, isSet }) => isSet && value !== null).map(({ name }) => name);
  const texts = shown.filter((name) => typeof Config.parse(environment)[name as keyof Config] === "string");
  for (const name of texts) expect(name).not.toMatch(/KEY|SECRET|PASSWORD|DATABASE|WEBHOOK_URL|BRIDGE|_AUD$/);
});
