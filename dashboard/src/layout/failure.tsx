/** A page for a failure of the whole request: not found, access denied, or sign-in unavailable. */
import type { Assets } from "../context/assets.ts";
import { BrandMark, Document } from "./frame.tsx";
import type { View } from "../context/view.ts";
import { ButtonLink } from "../components/ui/controls.tsx";

interface Props {
  view: View;
  assets: Assets;
  title: string;
  message: string;
}

export function FailurePage({ view, assets, title, message }: Props) {
  return (
    <Document view={view} assets={assets} title={title}>
      <main class="sign-in" id="content">
        <h1>
          <BrandMark />
          {title}
        </h1>
        <p>{message}</p>
        <p class="problem-foot">
          <ButtonLink href={view.path} label="Try again" />
          <ButtonLink href="/" label="Overview" />
        </p>
        <p class="mute">
          Request ID <code>{view.requestId}</code>
        </p>
      </main>
    </Document>
  );
}
