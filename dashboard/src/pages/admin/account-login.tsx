/** /accounts/:id/login: logging in at Claude in three steps: know the terms, agree on Claude's page, bring the code back. */
import type { PendingLogin } from "../../../../workers/schemas/api/accounts.ts";
import type { Problem } from "../../api/client.ts";
import { CsrfField } from "../../layout/frame.tsx";
import { Icon } from "../../components/ui/icon.tsx";
import { FormError, TextField } from "../../components/ui/text-field.tsx";
import { CopyButton } from "../../components/ui/values.tsx";
import { formatDuration } from "../../format/time.ts";
import type { View } from "../../context/view.ts";
import { SubmitButton } from "../../components/ui/controls.tsx";

interface Props {
  view: View;
  accountId: string;
  /** A domain that is being set up and gets this account afterwards. */
  domain: string | null;
  login: PendingLogin;
  problem: Problem | null;
}

export function AccountLoginPage({ view, accountId, domain, login, problem }: Props) {
  const path = `/accounts/${encodeURIComponent(accountId)}/login`;
  return (
    <>
      <section class="card">
        <h2>
          <span class="step-number">1</span> Before you continue
        </h2>
        <p class="prose">{login.terms}</p>
        <p class="mute card-foot">
          The login is stored encrypted, renewed automatically and never shown. It is deleted when the account
          is deleted or gets another credential.
        </p>
        {login.url === null && (
          <form method="post" action={path} class="card-foot">
            <CsrfField view={view} />
            <DomainField domain={domain} />
            {problem && <FormError problem={problem} />}
            <SubmitButton label="This is my own account: continue" />
          </form>
        )}
      </section>
      {login.url !== null && (
        <>
          <section class="card">
            <h2>
              <span class="step-number">2</span> Authorize at Claude
            </h2>
            <p>
              <a class="button" href={login.url} target="_blank" rel="noopener noreferrer">
                <Icon name="external" /> Open login page
              </a>{" "}
              <CopyButton text={login.url} label="login URL" />
            </p>
            <p class="mute card-foot">
              Opens in a new tab. Sign in with the account to use, authorize access and copy the code shown.
            </p>
          </section>
          <section class="card">
            <h2>
              <span class="step-number">3</span> Enter the code
            </h2>
            <form method="post" action={`${path}/code`} class="stack" autocomplete="off">
              <CsrfField view={view} />
              <DomainField domain={domain} />
              {problem && <FormError problem={problem} parameters={["code"]} />}
              <TextField
                label="Code"
                name="code"
                problem={problem}
                required
                maxlength={8500}
                placeholder="code#state"
              >
                The full code, including the part after the #. Valid for another{" "}
                {formatDuration(Math.max(0, Date.parse(login.expiresAt ?? "") - view.now))}.
              </TextField>
              <SubmitButton label="Complete login" />
            </form>
            <form method="post" action={path} class="card-foot">
              <CsrfField view={view} />
              <DomainField domain={domain} />
              <SubmitButton label="Start over with a new login page" tone="quiet" />
            </form>
          </section>
        </>
      )}
    </>
  );
}

function DomainField({ domain }: { domain: string | null }) {
  return domain === null ? <></> : <input type="hidden" name="domain" value={domain} />;
}
