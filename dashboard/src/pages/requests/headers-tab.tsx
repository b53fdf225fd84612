/** Headers of request and response. Headers that are never stored are listed as such. */
import type { RequestDetail } from "../../../../workers/schemas/api/requests.ts";
import { CopyButton, UntrustedText } from "../../components/ui/values.tsx";

export function HeadersTab({ detail }: { detail: RequestDetail }) {
  return (
    <div class="raw">
      <HeaderCard
        title="Request headers"
        headers={detail.requestHeaders}
        note="Credentials (authorization, x-api-key, x-nexus-key, cookie) are never stored. Headers that are not on the allow-list are not recorded."
        masked={["authorization", "x-api-key", "cookie"]}
      />
      <HeaderCard
        title="Response headers"
        headers={detail.responseHeaders}
        note="Only headers on the allow-list are recorded."
        masked={["set-cookie"]}
      />
      {detail.rateLimit && Object.keys(detail.rateLimit).length > 0 && (
        <HeaderCard
          title="Rate limit headers"
          headers={detail.rateLimit}
          note="As received from Anthropic."
          masked={[]}
        />
      )}
    </div>
  );
}

interface CardProps {
  title: string;
  headers: Record<string, string> | null;
  note: string;
  masked: readonly string[];
}

function HeaderCard({ title, headers, note, masked }: CardProps) {
  const entries = Object.entries(headers ?? {}).sort(([left], [right]) => left.localeCompare(right));
  const missing = masked.filter((name) => !headers || !Object.hasOwn(headers, name));
  return (
    <section class="card">
      <h2>{title}</h2>
      <table class="rows headers">
        <tbody>
          {entries.map(([name, value]) => (
            <tr>
              <th scope="row">
                <code>
                  <UntrustedText text={name} length={80} />
                </code>
              </th>
              <td>
                <code class="header-value">
                  <UntrustedText text={value.slice(0, 2_000)} />
                </code>
                <CopyButton text={value} label={name} />
              </td>
            </tr>
          ))}
          {missing.map((name) => (
            <tr class="mute">
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>never stored</td>
            </tr>
          ))}
        </tbody>
      </table>
      {headers === null && <p class="mute">No headers recorded.</p>}
      <p class="mute card-foot">{note}</p>
    </section>
  );
}
