/**
 * The existing system's credential files (`<domain>.credentials.json`): which fields are stored, which are kept unread, and how a
 * file is written back without secrets. Pure; used by `domains import` and `domains export`.
 */
import { z } from "zod";
import type { DomainDetail, DomainInput } from "../../workers/schemas/api/domains.ts";
import type { OAuthStatus } from "../../workers/schemas/oauth.ts";

export const FILE_SUFFIX = ".credentials.json";

const optionalText = z.string().min(1).nullish();
const OAuthFields = z.looseObject({
  accessToken: optionalText,
  refreshToken: optionalText,
  expiresAt: z.number().nullish(),
  scopes: z.array(z.string()).nullish(),
});
const SlackFields = z.looseObject({
  webhook_url: optionalText,
  channel: optionalText,
  username: optionalText,
  icon_emoji: optionalText,
  enabled: z.boolean().nullish(),
  messages: z.boolean().nullish(),
});
const CredentialFile = z.looseObject({
  type: z.enum(["api_key", "oauth", "passthrough"], { error: 'type: expected "api_key" or "oauth"' }),
  accountId: optionalText,
  api_key: optionalText,
  oauth: OAuthFields.nullish(),
  client_api_key: optionalText,
  slack: SlackFields.nullish(),
});
type Fields = Record<string, unknown>;

export interface ReadFile {
  domain: string;
  input: DomainInput;
  /** A client key that is already in use. */
  clientKey: string | null;
  /** Notes for the operator. */
  notes: string[];
}

/** Reads one file. Throws an Error with one line that says what is wrong and repeats no value. */
export function readCredentialFile(fileName: string, text: string): ReadFile {
  const name = fileName.slice(0, -FILE_SUFFIX.length);
  const domain = name.replace(/:\d+$/, "");
  const parsed = CredentialFile.safeParse(jsonOf(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join(".") ?? "";
    throw new Error(where ? `${where} is invalid` : "the file is not a JSON object");
  }
  const { type, accountId, api_key, oauth, client_api_key, slack } = parsed.data;
  const notes: string[] = [];
  if (domain !== name) notes.push("the port is ignored: a domain is served on every port");
  if (!accountId) notes.push(`no accountId: the account is named ${domain}`);
  const input: DomainInput = { accountId: accountId ?? domain };
  const credential = credentialOf(type, api_key, oauth);
  if (credential) input.credential = credential;
  else notes.push("no credential: the account's own is used");
  if (slack) input.slack = slackOf(slack);
  const otherFields = unknownOf(parsed.data);
  if (otherFields) input.otherFields = otherFields;
  return { domain, input, clientKey: client_api_key ?? null, notes };
}

function credentialOf(
  type: "api_key" | "oauth" | "passthrough",
  apiKey: string | null | undefined,
  oauth: z.infer<typeof CredentialFile>["oauth"],
): DomainInput["credential"] | null {
  if (type === "passthrough") return { type };
  if (type === "api_key") return apiKey ? { type, api_key: apiKey } : null;
  const { accessToken, refreshToken, expiresAt, scopes } = oauth ?? {};
  if (!accessToken && !refreshToken) return null;
  if (!accessToken || !refreshToken) throw new Error("oauth needs both accessToken and refreshToken");
  // A token without an expiry time is renewed at its first use.
  return {
    type,
    accessToken,
    refreshToken,
    expiresAt: Math.max(1, Math.floor(expiresAt ?? 1)),
    scopes: scopes ?? [],
  };
}

function slackOf(slack: Fields): DomainInput["slack"] {
  return Object.fromEntries(
    Object.keys(SlackFields.shape).flatMap((name) => (slack[name] == null ? [] : [[name, slack[name]]])),
  );
}

function unknownOf(file: Fields): Fields | null {
  const without = (fields: unknown, { shape }: z.ZodObject): Fields =>
    Object.fromEntries(
      Object.entries((fields ?? {}) as Fields).filter(([name]) => !Object.hasOwn(shape, name)),
    );
  const unknown = without(file, CredentialFile);
  const [oauth, slack] = [without(file.oauth, OAuthFields), without(file.slack, SlackFields)];
  if (Object.keys(oauth).length > 0) unknown.oauth = oauth;
  if (Object.keys(slack).length > 0) unknown.slack = slack;
  return Object.keys(unknown).length > 0 ? unknown : null;
}

/** The file of a domain. Secrets are `null`: stored secrets cannot be read, and importing `null` keeps the stored one. */
export function writeCredentialFile(
  domain: DomainDetail,
  login: OAuthStatus | null,
  otherFields: Fields | null,
): string {
  const { oauth: otherOAuth, slack: otherSlack, ...other } = otherFields ?? {};
  const { type } = domain.credential;
  const file: Fields = { type, accountId: domain.accountId };
  if (type === "api_key") file.api_key = null;
  if (type === "oauth")
    file.oauth = {
      accessToken: null,
      refreshToken: null,
      expiresAt: login?.expiresAt ? Date.parse(login.expiresAt) : null,
      scopes: login?.scopes ?? [],
      ...((otherOAuth ?? {}) as Fields),
    };
  else if (otherOAuth) file.oauth = otherOAuth;
  file.client_api_key = null;
  if (domain.slack) {
    const { webhook_set: _set, messages, ...slack } = domain.slack;
    // Only when false: the existing system has no such field.
    const messagesField = messages ? {} : { messages };
    file.slack = { webhook_url: null, ...slack, ...messagesField, ...((otherSlack ?? {}) as Fields) };
  } else if (otherSlack) file.slack = otherSlack;
  return `${JSON.stringify({ ...file, ...other }, null, 2)}\n`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
