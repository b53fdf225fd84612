/** How to point a client at the proxy: the line to copy, for this very address. */
import type { View } from "../../context/view.ts";
import { linkTo } from "../../context/filters.ts";
import { ButtonLink } from "../ui/controls.tsx";
import { EmptyState } from "../ui/problem.tsx";
import { CodeBlock } from "../ui/code-block.tsx";

export function ClientSetup({ view, domain, key }: { view: View; domain?: string; key?: string }) {
  const commands = clientCommands(baseUrl(view, domain), key).join("\n");
  return (
    <div class="client-setup">
      <p>
        {key
          ? "Claude Code, with this key:"
          : "Point Claude Code, an SDK or a script at the proxy and send a request:"}
      </p>
      <CodeBlock text={commands} label="commands" />
      <LocalNameNote view={view} {...(domain === undefined ? {} : { domain })} />
      {!key && view.localProxyUrl === null && (
        <p class="mute">
          Use the host name of a domain configured under <a href="/domains">Domains</a>. Client keys are
          created there, too.
        </p>
      )}
    </div>
  );
}

interface EmptyListProps {
  view: View;
  /** Of the list without filters. */
  path: string;
  /** "requests". */
  names: string;
  isFiltered: boolean;
}

/** In place of a list without rows: without filters, how to send the first request. */
export function EmptyList({ view, path, names, isFiltered }: EmptyListProps) {
  if (isFiltered) {
    const unfiltered = { ...view.filters, domain: null, accountId: null, model: null };
    return (
      <EmptyState title={`No ${names} match these filters.`}>
        <p>
          <ButtonLink href={linkTo(path, unfiltered)} label="Clear filters" />
        </p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title={view.query.cursor ? `No more ${names}.` : `No ${names} in this period.`}>
      <ClientSetup view={view} />
    </EmptyState>
  );
}

/**
 * Shell lines that point a client at `base`. A domain with a credential of its own takes the key as the client's token;
 * on a passthrough domain the client's login stays and the key travels in a header of ours.
 */
export function clientCommands(base: string, key?: string, credentialType?: string): string[] {
  const address = `export ANTHROPIC_BASE_URL=${base}`;
  if (!key) return [address, "claude"];
  return credentialType === "passthrough"
    ? [address, `export ANTHROPIC_CUSTOM_HEADERS="x-nexus-key: ${key}"`]
    : [address, `export ANTHROPIC_AUTH_TOKEN=${key}`];
}

const isThisMachine = (domain: string) => /^(localhost|127\.0\.0\.1)$/.test(domain);

/** The URL of a domain, which is a host name; that of the local stack has its port. */
export function baseUrl({ localProxyUrl }: View, domain?: string): string {
  if (!domain || isThisMachine(domain)) return localProxyUrl ?? "https://YOUR-DOMAIN";
  if (localProxyUrl === null) return `https://${domain}`;
  const url = new URL(localProxyUrl);
  url.hostname = domain;
  return url.origin;
}

/** How a name reaches the local stack; nothing where the dashboard is deployed. */
export function LocalNameNote({ view, domain }: { view: View; domain?: string }) {
  if (view.localProxyUrl === null || !domain || isThisMachine(domain)) return null;
  return (
    <div class="mute">
      <p>For the local stack, this name must lead to this machine:</p>
      <CodeBlock text={`echo "127.0.0.1 ${domain}" | sudo tee -a /etc/hosts`} label="command" />
    </div>
  );
}
