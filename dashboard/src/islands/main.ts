/** The page's script. Every page works without it. */
import { bindCopyButtons } from "./copy.ts";
import { bindForms } from "./forms.ts";
import { bindJsonSearch } from "./json-search.ts";
import { bindShortcuts } from "./shortcuts.ts";
import { bindLive } from "./live.ts";
import { bindMessages } from "./messages.ts";
import { bindPrompts } from "./prompts.ts";
import { bindPreviews } from "./preview.ts";
import { bindLoadMore } from "./load-more.ts";
import { bindTheme } from "./theme.ts";
import { bindTimes } from "./times.ts";

bindTimes();
bindCopyButtons();
bindForms();
bindShortcuts();
bindMessages();
bindLoadMore();
bindJsonSearch();
bindPreviews();
bindPrompts();
bindTheme();
bindLive();
// Pan and zoom are fetched where there is something to move.
if (document.querySelector("[data-tree]")) void import("./tree.ts").then(({ bindTrees }) => bindTrees());
