/** Labels of credentials and their states. */
import type { CredentialState } from "../../../../workers/schemas/api/domains.ts";

const TYPE_LABELS: Readonly<Record<string, string>> = {
  api_key: "API key",
  oauth: "Claude login",
  passthrough: "Passthrough",
};

export const credentialLabel = (type: string | null) => (type ? (TYPE_LABELS[type] ?? type) : "–");

export const STATE_TEXTS: Readonly<Record<CredentialState, string>> = {
  ready: "Ready",
  missing: "No credential stored: clients get 401 until one is added",
  unreadable: "Cannot be decrypted: its key is no longer in CREDENTIAL_KEYS. Enter the credential again",
  needs_login: "Login required: clients get 401 until someone logs in",
};
