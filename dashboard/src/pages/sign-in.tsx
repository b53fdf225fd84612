/** /sign-in: the form for the dashboard key, with the error of the last attempt. */
import type { Assets } from "../context/assets.ts";
import { BrandMark, CsrfField, Document } from "../layout/frame.tsx";
import { Icon } from "../components/ui/icon.tsx";
import type { View } from "../context/view.ts";
import { SubmitButton } from "../components/ui/controls.tsx";

interface Props {
  view: View;
  assets: Assets;
  next: string;
  /** The error of the last attempt; null at first. */
  message: string | null;
}

export function SignInPage({ view, assets, next, message }: Props) {
  return (
    <Document view={view} assets={assets} title="Sign in">
      <main class="sign-in" id="content">
        <h1>
          <BrandMark />
          Nexus
        </h1>
        <form method="post" action="/sign-in">
          <CsrfField view={view} />
          <input type="hidden" name="next" value={next} />
          <label for="key">Dashboard key</label>
          <input
            id="key"
            name="key"
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            maxlength={500}
            required
            autofocus
            {...(message ? { "aria-invalid": "true", "aria-describedby": "sign-in-message" } : {})}
          />
          {message && (
            <p class="field-error" id="sign-in-message" role="alert">
              <Icon name="alert" />
              <span>{message}</span>
            </p>
          )}
          <SubmitButton label="Sign in" />
        </form>
        <p class="mute">
          Use the Worker's <code>DASHBOARD_API_KEY</code> (administrator) or <code>DASHBOARD_VIEWER_KEY</code>{" "}
          (viewer). Running locally? The key is printed at startup.
        </p>
      </main>
    </Document>
  );
}
