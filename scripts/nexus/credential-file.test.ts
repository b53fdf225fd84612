import { describe, expect, it } from "vitest";
import { DomainInput } from "../../workers/schemas/api/domains.ts";
import { readCredentialFile, writeCredentialFile } from "./credential-file.ts";

const read = (file: unknown, name = "team.example.credentials.json") =>
  readCredentialFile(name, typeof file === "string" ? file : JSON.stringify(file));

const oauthFile = {
  type: "oauth",
  accountId: "acc_1",
  oauth: {
    accessToken: "sk-ant-oat01-secret",
    refreshToken: "sk-ant-ort01-secret",
    expiresAt: 1_790_000_000_000,
    scopes: ["user:inference"],
    isMax: true,
  },
  client_api_key: "cnp_live_secret-0123456789",
  slack: { webhook_url: "https://hooks.slack.com/services/secret", channel: "#a", enabled: true, thread: 7 },
  note: { by: "ops" },
};

describe("a file of the existing system", () => {
  it("with a login becomes the input of the API, unknown fields included", () => {
    const { domain, input, clientKey, notes } = read(oauthFile);
    expect([domain, clientKey, notes]).toEqual(["team.example", "cnp_live_secret-0123456789", []]);
    expect(input).toEqual({
      accountId: "acc_1",
      credential: {
        type: "oauth",
        accessToken: "sk-ant-oat01-secret",
        refreshToken: "sk-ant-ort01-secret",
        expiresAt: 1_790_000_000_000,
        scopes: ["user:inference"],
      },
      slack: { webhook_url: "https://hooks.slack.com/services/secret", channel: "#a", enabled: true },
      otherFields: { note: { by: "ops" }, oauth: { isMax: true }, slack: { thread: 7 } },
    });
    expect(DomainInput.safeParse(input).success).toBe(true);
  });

  it("needs little besides an API key", () => {
    const { domain, input, clientKey, notes } = read(
      { type: "api_key", api_key: "sk-ant-api03-x" },
      "localhost:3000.credentials.json",
    );
    expect([domain, clientKey, notes.length]).toEqual(["localhost", null, 2]);
    expect(input).toEqual({
      accountId: "localhost",
      credential: { type: "api_key", api_key: "sk-ant-api03-x" },
    });
  });

  it("with null secrets keeps the stored ones", () => {
    const { input, notes } = read({
      type: "api_key",
      accountId: "a",
      api_key: null,
      client_api_key: null,
      slack: { webhook_url: null, channel: "#a" },
    });
    expect(input).toEqual({ accountId: "a", slack: { channel: "#a" } });
    expect(notes).toEqual(["no credential: the account's own is used"]);
  });

  it("whose token has no expiry time is renewed at its first use", () => {
    const { input } = read({ type: "oauth", oauth: { accessToken: "a", refreshToken: "r" } });
    expect(input.credential).toMatchObject({ expiresAt: 1, scopes: [] });
  });

  it.each([
    ["no JSON", "{", "the file is not a JSON object"],
    ["a list", "[]", "the file is not a JSON object"],
    ["no type", { api_key: "sk-secret" }, "type is invalid"],
    ["a key that is none", { type: "api_key", api_key: { secret: 1 } }, "api_key is invalid"],
    [
      "half a login",
      { type: "oauth", oauth: { accessToken: "secret" } },
      "oauth needs both accessToken and refreshToken",
    ],
  ])("that is wrong says what, and no value: %s", (_, file, message) => {
    expect(() => read(file)).toThrow(message);
    expect(() => read(file)).not.toThrow(/secret/);
  });
});

describe("written back", () => {
  const detail = {
    domain: "team.example",
    accountId: "acc_1",
    credential: { type: "oauth" as const, state: "ready" as const },
    clientKeys: [],
    slack: {
      webhook_set: true,
      channel: "#a",
      username: null,
      icon_emoji: null,
      enabled: true,
      messages: true,
    },
    endpoints: null,
    analysisEnabled: false,
    analysisAutomatic: null,
  };
  const login = {
    state: "ready" as const,
    expiresAt: new Date(oauthFile.oauth.expiresAt).toISOString(),
    scopes: oauthFile.oauth.scopes,
    obtainedAt: null,
    rotations: 3,
    nextRefreshAt: null,
    failures: 0,
    lastError: null,
    needsLogin: null,
    loginPendingUntil: null,
  };

  it("has every field of the original, unknown ones included, with null secrets", () => {
    const { otherFields } = read(oauthFile).input;
    expect(JSON.parse(writeCredentialFile(detail, login, otherFields ?? null))).toEqual({
      ...oauthFile,
      oauth: { ...oauthFile.oauth, accessToken: null, refreshToken: null },
      client_api_key: null,
      slack: { ...oauthFile.slack, webhook_url: null, username: null, icon_emoji: null },
    });
  });

  it("says when messages are off, and an import keeps them off", () => {
    const quiet = { ...detail, slack: { ...detail.slack, messages: false } };
    const again = read(writeCredentialFile(quiet, login, null)).input;
    expect(again.slack).toEqual({ channel: "#a", enabled: true, messages: false });
  });

  it("imports as what is already stored", () => {
    const { otherFields } = read(oauthFile).input;
    const again = read(writeCredentialFile(detail, login, otherFields ?? null));
    expect(again).toMatchObject({ clientKey: null, input: { accountId: "acc_1", otherFields } });
    expect(again.input.credential).toBeUndefined();
    expect(again.input.slack).toEqual({ channel: "#a", enabled: true });
  });

  it("of an API key has only the needed fields", () => {
    const plain = {
      ...detail,
      credential: { type: "api_key" as const, state: "ready" as const },
      slack: null,
    };
    expect(JSON.parse(writeCredentialFile(plain, null, null))).toEqual({
      type: "api_key",
      accountId: "acc_1",
      api_key: null,
      client_api_key: null,
    });
  });
});
