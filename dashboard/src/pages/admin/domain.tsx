/** /domains/:domain: its client keys, how it reaches Claude, and the way to remove it. */
import type { DomainDetail } from "../../../../workers/schemas/api/domains.ts";
import type { AnalysisReader } from "../../../../workers/schemas/api/analyses.ts";
import type { Problem, Result } from "../../api/client.ts";
import { AnalysisSettings } from "../../components/analyses/domain-settings.tsx";
import { DomainForm, type DomainDraft } from "../../components/admin/domain-form.tsx";
import { ConfirmField, FormError } from "../../components/ui/text-field.tsx";
import { CsrfField } from "../../layout/frame.tsx";
import { Icon } from "../../components/ui/icon.tsx";
import { NewKey } from "../../components/admin/new-key.tsx";
import { SlackForm, type SlackDraft } from "../../components/admin/slack-form.tsx";
import { Time, UntrustedText } from "../../components/ui/values.tsx";
import { canAdminister, type View } from "../../context/view.ts";
import { linkTo } from "../../context/filters.ts";
import { CredentialState, credentialLabel } from "./credential-labels.tsx";
import { DefinitionList } from "../../components/ui/definition-list.tsx";
import { Callout, FoldCard, SubmitButton } from "../../components/ui/controls.tsx";

/** The result of an action on this page. */
export interface DomainNotice {
  /** A new key; shown only once. */
  newKey?: { name: string; key: string };
  saved?: boolean;
  problem?: Problem;
  /** Which form the problem belongs to. */
  form?: "settings" | "key" | "revoke" | "slack" | "slack-test" | "analysis" | "delete";
  draft?: DomainDraft;
  slackDraft?: SlackDraft;
  /** The result of a test message. */
  slackTest?: { delivered: boolean; message: string };
}

interface Props {
  view: View;
  detail: DomainDetail;
  notice: DomainNotice;
}

/** `reader`: who reads conversations for analyses. */
export function DomainPage({ view, detail, reader, notice }: Props & { reader: Result<AnalysisReader> }) {
  const isAdministrator = canAdminister(view);
  return (
    <>
      {notice.newKey && <NewKey view={view} detail={detail} created={notice.newKey} />}
      {notice.saved && <Callout tone="good" text="Saved. Active at all edge locations within two minutes." />}
      <section class="card">
        <DefinitionList
          items={{
            Account: (
              <a href={linkTo(`/accounts/${encodeURIComponent(detail.accountId)}`, view.filters)}>
                <UntrustedText text={detail.accountId} length={128} />
              </a>
            ),
            Credential: (
              <>
                {credentialLabel(detail.credential.type)}
                {", "}
                <CredentialState state={detail.credential.state} />
              </>
            ),
            Endpoints:
              detail.endpoints === null ? (
                "All of /v1/ except /v1/organizations/ and /v1/oauth/"
              ) : (
                <span class="chips">
                  {detail.endpoints.map((endpoint) => (
                    <code class="chip">{endpoint}</code>
                  ))}
                </span>
              ),
          }}
        />
      </section>
      <ClientKeys view={view} detail={detail} notice={notice} />
      <SlackCard view={view} detail={detail} notice={notice} />
      <AnalysisSettings
        view={view}
        detail={detail}
        reader={reader}
        problem={notice.form === "analysis" ? notice.problem : undefined}
      />
      {isAdministrator && (
        <>
          <FoldCard title="Edit domain" isOpen={notice.form === "settings"}>
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
          </FoldCard>
          <DeleteDomain
            view={view}
            detail={detail}
            problem={notice.form === "delete" ? notice.problem : undefined}
          />
        </>
      )}
    </>
  );
}

function ClientKeys({ view, detail, notice }: Props) {
  const isAdministrator = canAdminister(view);
  const path = `/domains/${encodeURIComponent(detail.domain)}`;
  return (
    <section class="card">
      <h2>Client keys</h2>
      {(notice.form === "key" || notice.form === "revoke") && notice.problem && (
        <FormError problem={notice.problem} />
      )}
      {detail.clientKeys.length === 0 ? (
        <p class="mute">
          No client keys yet. Clients need one to use this domain, unless client authentication is off.
        </p>
      ) : (
        <ul class="key-list">
          {detail.clientKeys.map((key) => (
            <li class={key.revokedAt ? "mute" : ""}>
              <span class="key-name">
                <Icon name="key" /> <UntrustedText text={key.name} length={80} />
              </span>
              <span class="mute">
                created <Time at={key.createdAt} view={view} />
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
                      <ConfirmField name={key.name}>
                        to revoke it. Clients that use this key get 401 within two minutes.
                      </ConfirmField>
                      <SubmitButton label="Revoke key" tone="danger" />
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
              placeholder="e.g. Ann or build server"
              autocomplete="off"
            />
          </label>
          <SubmitButton label="Create key" />
        </form>
      )}
    </section>
  );
}

function SlackCard({ view, detail, notice }: Props) {
  const { slack } = detail;
  const path = `/domains/${encodeURIComponent(detail.domain)}/slack`;
  const problem = notice.form === "slack" ? (notice.problem ?? null) : null;
  const test = notice.slackTest;
  return (
    <section class="card">
      <h2>Slack</h2>
      <p>{slackDescription(slack)}</p>
      {test && <Callout tone={test.delivered ? "good" : "error"} text={test.message} />}
      {notice.form === "slack-test" && notice.problem && <FormError problem={notice.problem} />}
      {canAdminister(view) && (
        <>
          <form method="post" action={`${path}-test`} class="card-foot">
            <CsrfField view={view} />
            <button type="submit">Send test message</button>
          </form>
          <details class="inner-fold" open={problem !== null}>
            <summary>Edit Slack settings</summary>
            <SlackForm
              view={view}
              action={path}
              domain={detail.domain}
              stored={slack}
              draft={notice.slackDraft ?? null}
              problem={problem}
              button="Save"
            />
          </details>
        </>
      )}
    </section>
  );
}

function slackDescription(slack: DomainDetail["slack"]): string {
  if (slack?.enabled === false)
    return "Notifications of this domain are off, including those to the default channel.";
  const where = slack?.webhook_set
    ? `Uses its own webhook${slack.channel ? ` for ${slack.channel}` : ""}.`
    : "Uses the deployment's default channel, if one is set.";
  const what =
    slack?.messages === false
      ? "Sends errors, usage window alerts and expired logins, but no conversations."
      : "Sends errors, usage window alerts, expired logins and, if SLACK_MESSAGES allows it, conversations.";
  return `${where} ${what}`;
}

function DeleteDomain({
  view,
  detail,
  problem,
}: {
  view: View;
  detail: DomainDetail;
  problem: Problem | undefined;
}) {
  return (
    <FoldCard title="Delete domain" isOpen={problem !== undefined}>
      {problem && <FormError problem={problem} />}
      <form method="post" action={`/domains/${encodeURIComponent(detail.domain)}/delete`} class="stack">
        <CsrfField view={view} />
        <p>
          The domain stops serving requests and its client keys stop working. Recorded requests stay
          available. This cannot be undone.
        </p>
        <ConfirmField name={detail.domain}>to delete it</ConfirmField>
        <SubmitButton label="Delete domain" tone="danger" />
      </form>
    </FoldCard>
  );
}
