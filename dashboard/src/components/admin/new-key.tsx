/** A client key that was just made, with the lines that point a client at its domain. */
import type { DomainDetail, NewClientKey } from "../../../../workers/schemas/api/domains.ts";
import type { View } from "../../context/view.ts";
import { CodeBlock } from "../ui/code-block.tsx";
import { Icon } from "../ui/icon.tsx";
import { baseUrl, clientCommands, LocalNameNote } from "./client-setup.tsx";
import { UntrustedText } from "../ui/values.tsx";

/** Shown once: only a hash of the key is stored. */
export function NewKey({
  view,
  detail,
  created,
}: {
  view: View;
  detail: DomainDetail;
  created: Pick<NewClientKey, "name" | "key">;
}) {
  const commands = clientCommands(baseUrl(view, detail.domain), created.key, detail.credential.type).join(
    "\n",
  );
  return (
    <section class="card new-key" role="status" aria-label="New client key">
      <h2>
        <Icon name="key" /> Client key for <UntrustedText text={created.name} length={60} />
      </h2>
      <p>Copy this key now. It is not shown again.</p>
      <CodeBlock text={created.key} label="client key" />
      <p>For Claude Code and the SDKs:</p>
      <CodeBlock text={commands} label="commands" />
      <LocalNameNote view={view} domain={detail.domain} />
    </section>
  );
}
