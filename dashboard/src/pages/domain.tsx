/** /domains/:domain: its client keys, how it reaches Claude, and the way to remove it. */
import type { DomainDetail } from "../api/types.ts";
import type { Problem } from "../api/client.ts";
import { DomainForm, FormProblem, type DomainDraft } from "../components/domain-form.tsx";
import { CsrfField } from "../components/frame.tsx";
import { Icon } from "../components/icon.tsx";
import { baseUrl, clientLines } from "../components/point-here.tsx";
import { CopyButton, Time, Wire } from "../components/values.tsx";
import { canAdminister, type View } from "../view.ts";
import { credentialWords } from "./domains.tsx";
import { Fact, Facts } from "../components/facts.tsx";

/** What an action on this page left to say. */
export interface DomainNotice {
  /** A key that was just made: the only time it is seen. */
  newKey?: { name: string; key: string };
  saved?: boolean;
  problem?: Problem;
  /** Which form the problem belongs to. */
  form?: "settings" | "key" | "revoke" | "delete";
  draft?: DomainDraft;
}

interface Props {
  view: View;
  detail: DomainDetail;
  notice: DomainNotice;
}

const STATE_WORDS = {
  ready: "ready",
  missing: "missing: clients get 401 until one is stored",
  unreadable: "sealed with a key that CREDENTIAL_KEYS no longer holds: store it again",
  needs_login: "needs a new login",
} as const;

export function DomainPage({ view, detail, notice }: Props) {
  const isAdministrator = canAdminister(view);
  return (
    <>
      {notice.newKey && <NewKey view={view} detail={detail} made={notice.newKey} />}
      {notice.saved && (
        <p class="callout good" role="status">
          <Icon name="check" />
          <span>Saved. Every edge location follows within two minutes.</span>
        </p>
      )}
      <section class="card">
        <Facts>
          <Fact name="Account">
            <Wire text={detail.accountId} length={128} />
          </Fact>
          <Fact name="Credential">
            {credentialWords(detail.credential.type)}
            {", "}
            <span class={detail.credential.state === "ready" ? "" : "error-words"}>
              {STATE_WORDS[detail.credential.state]}
            </span>
          </Fact>
          <Fact name="Endpoints">
            {detail.endpoints === null ? (
              "all of /v1/ except /v1/organizations/ and /v1/oauth/"
            ) : (
              <span class="chips">
                {detail.endpoints.map((endpoint) => (
                  <code class="chip">{endpoint}</code>
                ))}
              </span>
            )}
          </Fact>
        </Facts>
      </section>
      <ClientKeys view={view} detail={detail} notice={notice} />
      {isAdministrator && (
        <>
          <details class="card add" open={notice.form === "settings"}>
            <summary>
              <h2>Change</h2>
            </summary>
            <DomainForm
              view={view}
              draft={
                notice.draft ?? {
                  domain: detail.domain,
                  accountId: detail.accountId,
                  credential: "keep",
                  endpoints: (detail.endpoints ?? []).join("\n"),
                }
              }
              problem={notice.form === "settings" ? (notice.problem ?? null) : null}
            />
          </details>
          <Delete
            view={view}
            detail={detail}
            problem={notice.form === "delete" ? notice.problem : undefined}
          />
        </>
      )}
    </>
  );
}

/** Shown once: nobody can bring the key back. */
function NewKey({
  view,
  detail,
  made,
}: {
  view: View;
  detail: DomainDetail;
  made: { name: string; key: string };
}) {
  const lines = clientLines(baseUrl(view, detail.domain), made.key, detail.credential.type).join("\n");
  return (
    <section class="card new-key" role="status" aria-label="New client key">
      <h2>
        <Icon name="key" /> Key for <Wire text={made.name} length={60} />
      </h2>
      <p>This is the only time it is shown. Copy it now.</p>
      <div class="code-line">
        <pre tabindex={0}>
          <code>{made.key}</code>
        </pre>
        <CopyButton text={made.key} label="the key" />
      </div>
      <p>For Claude Code and the SDKs:</p>
      <div class="code-line">
        <pre tabindex={0}>
          <code>{lines}</code>
        </pre>
        <CopyButton text={lines} label="the lines" />
      </div>
    </section>
  );
}

function ClientKeys({ view, detail, notice }: Props) {
  const isAdministrator = canAdminister(view);
  const path = `/domains/${encodeURIComponent(detail.domain)}`;
  return (
    <section class="card">
      <h2>Client keys</h2>
      {(notice.form === "key" || notice.form === "revoke") && notice.problem && (
        <FormProblem problem={notice.problem} />
      )}
      {detail.clientKeys.length === 0 ? (
        <p class="mute">
          No key yet. Without one nobody can use this domain (unless client authentication is off).
        </p>
      ) : (
        <ul class="key-list">
          {detail.clientKeys.map((key) => (
            <li class={key.revokedAt ? "mute" : ""}>
              <span class="key-name">
                <Icon name="key" /> <Wire text={key.name} length={80} />
              </span>
              <span class="mute">
                made <Time at={key.createdAt} view={view} />
              </span>
              {key.revokedAt ? (
                <span>
                  revoked <Time at={key.revokedAt} view={view} />
                </span>
              ) : (
                isAdministrator && (
                  <details class="confirm">
                    <summary class="button quiet">Revoke</summary>
                    <form method="post" action={`${path}/keys/${key.id}/revoke`} class="inline-form">
                      <CsrfField view={view} />
                      <label class="field">
                        <span>
                          Type{" "}
                          <strong>
                            <bdi>{key.name}</bdi>
                          </strong>{" "}
                          to revoke it. Its clients get 401 within two minutes.
                        </span>
                        <input
                          name="confirm"
                          required
                          autocomplete="off"
                          spellcheck={false}
                          data-must-be={key.name}
                        />
                      </label>
                      <button class="danger" type="submit">
                        Revoke the key
                      </button>
                    </form>
                  </details>
                )
              )}
            </li>
          ))}
        </ul>
      )}
      {isAdministrator && (
        <form method="post" action={`${path}/keys`} class="inline-form">
          <CsrfField view={view} />
          <label class="field">
            <span>New key for</span>
            <input
              name="name"
              required
              maxlength={100}
              placeholder="ann, build server, …"
              autocomplete="off"
            />
          </label>
          <button class="primary" type="submit">
            Make a key
          </button>
        </form>
      )}
    </section>
  );
}

function Delete({
  view,
  detail,
  problem,
}: {
  view: View;
  detail: DomainDetail;
  problem: Problem | undefined;
}) {
  return (
    <details class="card add" open={problem !== undefined}>
      <summary>
        <h2>Delete</h2>
      </summary>
      {problem && <FormProblem problem={problem} />}
      <form method="post" action={`/domains/${encodeURIComponent(detail.domain)}/delete`} class="stack">
        <CsrfField view={view} />
        <p>
          The domain stops serving and its client keys stop working. What was recorded stays readable here.
          This cannot be undone.
        </p>
        <label class="field">
          <span>
            Type{" "}
            <strong>
              <bdi>{detail.domain}</bdi>
            </strong>{" "}
            to delete it
          </span>
          <input name="confirm" required autocomplete="off" spellcheck={false} data-must-be={detail.domain} />
        </label>
        <button class="danger" type="submit">
          Delete the domain
        </button>
      </form>
    </details>
  );
}
