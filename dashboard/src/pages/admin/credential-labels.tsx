/** Labels of credentials and their states, and links to the domains that use one. */
import type { CredentialState as State } from "../../../../workers/schemas/api/domains.ts";
import { Icon } from "../../components/ui/icon.tsx";
import { UntrustedText } from "../../components/ui/values.tsx";
import { linkTo } from "../../context/filters.ts";
import type { View } from "../../context/view.ts";

const TYPE_LABELS: Readonly<Record<string, string>> = {
  api_key: "API key",
  oauth: "Claude login",
  passthrough: "Passthrough",
};

export const credentialLabel = (type: string | null) => (type ? (TYPE_LABELS[type] ?? type) : "–");

export const STATE_TEXTS: Readonly<Record<State, string>> = {
  ready: "Ready",
  missing: "No credential stored: clients get 401 until one is added",
  unreadable: "Cannot be decrypted: its key is no longer in CREDENTIAL_KEYS. Enter the credential again",
  needs_login: "Login required: clients get 401 until someone logs in",
};

export function CredentialState({ state }: { state: State }) {
  return <span class={state === "ready" ? "" : "error-text"}>{STATE_TEXTS[state]}</span>;
}

interface DomainChipsProps {
  domains: readonly string[];
  /** Characters of a name. */
  length: number;
  view: View;
}

export function DomainChips({ domains, length, view }: DomainChipsProps) {
  return domains.map((domain) => (
    <a class="chip" href={linkTo(`/domains/${encodeURIComponent(domain)}`, view.filters)}>
      <UntrustedText text={domain} length={length} />
    </a>
  ));
}

export function AddDomain() {
  return (
    <a class="button" href="/domains/new">
      <Icon name="plus" /> Add domain
    </a>
  );
}
