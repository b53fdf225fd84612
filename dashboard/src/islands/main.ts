/** The page's one script: copying, keys, filters that send themselves, names to be typed before something is deleted. */
import { bindCopyButtons } from "./copy.ts";
import { bindKeys } from "./keys.ts";
import { bindForms } from "./forms.ts";

bindCopyButtons();
bindKeys();
bindForms();
