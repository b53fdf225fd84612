/** The page's one script. Every page works without it; it saves keystrokes and keeps times true. */
import { bindCopyButtons } from "./copy.ts";
import { bindForms } from "./forms.ts";
import { bindKeys } from "./keys.ts";
import { bindLive } from "./live.ts";
import { bindMessages } from "./messages.ts";
import { bindTheme } from "./theme.ts";
import { bindTimes } from "./times.ts";

bindTimes();
bindCopyButtons();
bindForms();
bindKeys();
bindMessages();
bindTheme();
bindLive();
