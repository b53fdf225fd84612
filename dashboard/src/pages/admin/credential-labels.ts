/** How credentials and their states are called on every page. */
import type { CredentialState } from "../../../../workers/schemas/api/domains.ts";

const TYPE_LABELS: Readonly<Record<string, string>> = {
  api_key: "API key",
  oauth: "Claude login",
  passthrough: "the client's own",
};

export const credentialLabel = (type: string | null) => (type ? (TYPE_LABELS[type] ?? type) : "–");

export const STATE_TEXTS: Readonly<Record<CredentialState, string>> = {
  ready: "ready",
  missing: "missing: clients get 401 until one is stored",
  unreadable: "sealed with a key that CREDENTIAL_KEYS no longer holds: store it again",
  needs_login: "needs a new login: clients get 401 until somebody logs in",
};
